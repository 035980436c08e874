#include "config/scalars.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace credential_broker::config {
namespace {

TEST(Scalars, ReadsDurations) {
  EXPECT_EQ(ParseDuration("250ms"), absl::Milliseconds(250));
  EXPECT_EQ(ParseDuration("5s"), absl::Seconds(5));
  EXPECT_EQ(ParseDuration("3m"), absl::Minutes(3));
  EXPECT_EQ(ParseDuration("1h"), absl::Hours(1));
  EXPECT_EQ(ParseDuration("0s"), absl::ZeroDuration());
  EXPECT_EQ(ParseDuration("999999999h"), absl::Hours(999999999));
}

TEST(Scalars, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5s", "1h30m", "5S",
                           "5sec", "5us", "5d", "0x5s", "1e3s", "9999999999s", "inf", "5s\n"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(Scalars, WritesDurationsAsTheyAreRead) {
  for (const char* text : {"250ms", "1500ms", "5s", "90s", "3m", "1h", "36h", "0s"}) {
    EXPECT_EQ(DurationText(*ParseDuration(text)), text);
  }
  EXPECT_EQ(DurationText(absl::Seconds(120)), "2m");
}

TEST(Scalars, ReadsWholeNumbersAndNothingElse) {
  EXPECT_EQ(ParseWhole("0"), 0U);
  EXPECT_EQ(ParseWhole("4294967295"), 4294967295U);
  for (const char* text : {"", "4294967296", "99999999999999999999", "-1", "+1", "1.0", "0x10",
                           "1e3", " 1", "1 ", "one"}) {
    EXPECT_EQ(ParseWhole(text), std::nullopt) << text;
  }
}

TEST(Scalars, ReadsFractionsAndNothingElse) {
  EXPECT_EQ(ParseFraction("0.5"), 0.5);
  EXPECT_EQ(ParseFraction("1"), 1.0);
  EXPECT_EQ(ParseFraction("0.25"), 0.25);
  for (const char* text : {"", ".", ".5", "5.", "0.5.1", "-0.5", "+0.5", "1e-1", "inf", "nan",
                           "50%", "0,5", " 0.5", "0.5 ", "0.000000000000000000000001"}) {
    EXPECT_EQ(ParseFraction(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace credential_broker::config
