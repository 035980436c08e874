#include "cli/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace credential_broker::cli {
namespace {

using ::testing::HasSubstr;

TEST(IntoDuration, TakesTheFormsOfTheConfiguration) {
  absl::Duration target;
  const Assign assign = Into(target);
  EXPECT_TRUE(assign("250ms", Origin::kFlag).ok());
  EXPECT_EQ(target, absl::Milliseconds(250));
  EXPECT_TRUE(assign("5s", Origin::kFlag).ok());
  EXPECT_EQ(target, absl::Seconds(5));
  EXPECT_TRUE(assign("3m", Origin::kFlag).ok());
  EXPECT_EQ(target, absl::Minutes(3));
  EXPECT_TRUE(assign("1h", Origin::kFlag).ok());
  EXPECT_EQ(target, absl::Hours(1));
}

TEST(IntoDuration, RefusesAllElseAndShowsHow) {
  absl::Duration target = absl::Seconds(7);
  for (const char* text : {"", "5", "-5s", "5 s", "1.5s", "s", "5d", "99999999999h", "1h30m"}) {
    const absl::Status status = Into(target)(text, Origin::kFlag);
    EXPECT_THAT(std::string(status.message()), HasSubstr("250ms, 5s, 3m or 1h")) << text;
  }
  EXPECT_EQ(target, absl::Seconds(7));
}

TEST(IntoBool, TakesWhatPeopleWriteInTheEnvironment) {
  bool target = false;
  for (const char* text : {"true", "1", "yes", "on", "TRUE"}) {
    target = false;
    EXPECT_TRUE(Into(target)(text, Origin::kEnvironment).ok()) << text;
    EXPECT_TRUE(target) << text;
  }
  for (const char* text : {"false", "0", "no", "Off"}) {
    target = true;
    EXPECT_TRUE(Into(target)(text, Origin::kEnvironment).ok()) << text;
    EXPECT_FALSE(target) << text;
  }
  EXPECT_FALSE(Into(target)("maybe", Origin::kEnvironment).ok());
}

TEST(IntoSetting, KeepsWhereTheValueCameFrom) {
  Setting<std::string> text;
  Setting<bool> flag;
  EXPECT_EQ(text.origin, Origin::kDefault);
  EXPECT_TRUE(Into(text)("x", Origin::kEnvironment).ok());
  EXPECT_TRUE(Into(flag)("true", Origin::kFlag).ok());
  EXPECT_EQ(text.value, "x");
  EXPECT_EQ(text.origin, Origin::kEnvironment);
  EXPECT_TRUE(flag.value);
  EXPECT_EQ(flag.origin, Origin::kFlag);
}

TEST(OptionLongName, IsTheLastOfItsNames) {
  EXPECT_EQ(Option{.names = "-o,--output"}.LongName(), "--output");
  EXPECT_EQ(Option{.names = "--address"}.LongName(), "--address");
}

}  // namespace
}  // namespace credential_broker::cli
