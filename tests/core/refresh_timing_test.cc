#include "core/refresh_timing.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

namespace credential_broker {
namespace {

constexpr double kAlmostOne = 0.999999999;

TEST(PlanRefresh, CountsFromTheStartOfTheLifetime) {
  const BootTime start = BootTime::FromSinceBoot(absl::Seconds(1000));
  const BootTime planned = PlanRefresh({0.5}, start + absl::Seconds(300), absl::Seconds(300),
                                       start + absl::Seconds(4), 0.5);
  EXPECT_EQ(planned, start + absl::Seconds(150));
}

TEST(PlanRefresh, IsNeverInThePast) {
  const BootTime now = BootTime::FromSinceBoot(absl::Seconds(1000));
  EXPECT_EQ(PlanRefresh({0.5}, now + absl::Seconds(50), absl::Seconds(300), now, 0.5),
            now + kShortestRefreshGap);
}

TEST(LeastLifeForRefresh, IsLessThanWhatThePlannedRefreshLeaves) {
  for (int lifetime = 4; lifetime < 100'000; lifetime += 1 + lifetime / 10) {
    const BootTime now = BootTime::FromSinceBoot(absl::Seconds(1000));
    const BootTime expires_at = now + absl::Seconds(lifetime);
    const BootTime latest =
        PlanRefresh({1.0}, expires_at, absl::Seconds(lifetime), now, kAlmostOne);
    EXPECT_LT(LeastLifeForRefresh(absl::Seconds(lifetime)), expires_at - latest) << lifetime;
  }
}

TEST(RetryPause, StaysAtItsLimitHoweverOftenItFails) {
  for (int failures : {5, 6, 100, std::numeric_limits<int>::max()}) {
    EXPECT_NEAR(absl::ToDoubleSeconds(RetryPause(failures, kAlmostOne)), 15, 1e-6);
    EXPECT_EQ(RetryPause(failures, 0), absl::Milliseconds(250));
  }
}

TEST(RateLimitedPause, ObeysWithinBounds) {
  EXPECT_EQ(RateLimitedPause(absl::Seconds(30), 0), absl::Seconds(30));
  EXPECT_EQ(RateLimitedPause(-absl::InfiniteDuration(), 0), absl::Seconds(1));
  EXPECT_EQ(RateLimitedPause(absl::InfiniteDuration(), 0), absl::Seconds(300));
  EXPECT_LE(RateLimitedPause(absl::InfiniteDuration(), kAlmostOne), absl::Seconds(330));
}

TEST(HeldPause, GrowsFromOneToFiveMinutes) {
  for (auto [refusals, seconds] : {std::pair(1, 60), {2, 120}, {3, 240}, {4, 300}, {1000, 300}}) {
    EXPECT_EQ(HeldPause(refusals), absl::Seconds(seconds));
  }
}

}  // namespace
}  // namespace credential_broker
