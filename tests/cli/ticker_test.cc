#include "cli/ticker.h"

#include <atomic>

#include "gtest/gtest.h"
#include "support/fake_clock.h"

namespace credential_broker::cli {
namespace {

TEST(Ticker, CallsOnceAPeriodAndOnceAtTheEnd) {
  FakeClock clock;
  const BootTime start = clock.Now();
  std::atomic<int> calls{0};
  Ticker ticker(clock, absl::Seconds(5), [&calls] { ++calls; });
  ASSERT_TRUE(ticker.Start().ok());
  ASSERT_TRUE(clock.AwaitParked(start + absl::Seconds(5)));
  EXPECT_EQ(calls, 0);
  clock.Advance(absl::Seconds(5));
  ASSERT_TRUE(clock.AwaitParked(start + absl::Seconds(10)));
  EXPECT_EQ(calls, 1);
  ticker.Stop();
  EXPECT_EQ(calls, 2);
  ticker.Stop();
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace credential_broker::cli
