#include "h2/rate_limiter.h"

#include <gtest/gtest.h>

namespace credential_broker::h2 {
namespace {

int TakeAll(RateLimiter& limiter, double now) {
  int taken = 0;
  while (limiter.Take(now)) {
    ++taken;
  }
  return taken;
}

TEST(RateLimiter, AllowsTheBurstAtOnceAndTheRateAfterIt) {
  RateLimiter limiter({10, 100});
  EXPECT_EQ(TakeAll(limiter, 1000), 100);
  EXPECT_EQ(TakeAll(limiter, 1000.05), 0);
  EXPECT_EQ(TakeAll(limiter, 1002.05), 20);
}

TEST(RateLimiter, SavesNoMoreThanTheBurst) {
  RateLimiter limiter({10, 100});
  TakeAll(limiter, 0);
  EXPECT_EQ(TakeAll(limiter, 1e6), 100);
}

TEST(RateLimiter, AClockThatGoesBackGivesNothing) {
  RateLimiter limiter({10, 5});
  TakeAll(limiter, 100);
  EXPECT_EQ(TakeAll(limiter, 50), 0);
}

}  // namespace
}  // namespace credential_broker::h2
