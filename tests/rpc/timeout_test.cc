#include "rpc/timeout.h"

#include "gtest/gtest.h"

namespace credential_broker::rpc {
namespace {

TEST(ParseTimeout, TakesEveryUnit) {
  EXPECT_EQ(*ParseTimeout("2H"), absl::Hours(2));
  EXPECT_EQ(*ParseTimeout("3M"), absl::Minutes(3));
  EXPECT_EQ(*ParseTimeout("4S"), absl::Seconds(4));
  EXPECT_EQ(*ParseTimeout("5m"), absl::Milliseconds(5));
  EXPECT_EQ(*ParseTimeout("6u"), absl::Microseconds(6));
  EXPECT_EQ(*ParseTimeout("7n"), absl::Nanoseconds(7));
}

TEST(ParseTimeout, TakesZeroAndLeadingZeros) {
  EXPECT_EQ(*ParseTimeout("0n"), absl::ZeroDuration());
  EXPECT_EQ(*ParseTimeout("00000010S"), absl::Seconds(10));
}

TEST(ParseTimeout, CapsTheLongest) {
  EXPECT_EQ(*ParseTimeout("99999999H"), kMaxTimeout);
  EXPECT_EQ(*ParseTimeout("99999999S"), kMaxTimeout);
  EXPECT_EQ(*ParseTimeout("99999999m"), absl::Milliseconds(99999999));
}

TEST(ParseTimeout, RefusesWhatIsMalformed) {
  for (const char* text : {"", "S", "1", "10", "1s", "1h", "-1S", "+1S", "1.5S", " 1S", "1S ",
                           "1 S", "123456789S", "0x1S", "S1", "1SS", "\xff\xff"}) {
    const absl::StatusOr<absl::Duration> timeout = ParseTimeout(text);
    EXPECT_EQ(timeout.status().code(), absl::StatusCode::kInternal) << text;
  }
}

TEST(ParseTimeout, NamesTheValueButOnlyItsBeginning) {
  EXPECT_NE(std::string(ParseTimeout("5 parsecs").status().message()).find("5 parsecs"),
            std::string::npos);
  EXPECT_LT(ParseTimeout(std::string(8000, 'x')).status().message().size(), 200U);
}

}  // namespace
}  // namespace credential_broker::rpc
