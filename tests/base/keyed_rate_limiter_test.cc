#include "base/keyed_rate_limiter.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/strings.h"
#include "support/fake_clock.h"

namespace credential_broker {
namespace {

constexpr RateLimit kTenASecond = {.per_second = 10, .burst = 3};

class KeyedRateLimiterTest : public testing::Test {
 protected:
  KeyedRateLimiterTest() { clock_.Advance(absl::Hours(1)); }

  // How many of `calls` for `key` pass now.
  static int Allowed(KeyedRateLimiter& limiter, std::string_view key, int calls) {
    int allowed = 0;
    for (int i = 0; i < calls; ++i) {
      allowed += limiter.Take(key) == absl::ZeroDuration() ? 1 : 0;
    }
    return allowed;
  }

  FakeClock clock_;
};

TEST_F(KeyedRateLimiterTest, AllowsABurstThenTheRate) {
  KeyedRateLimiter limiter(kTenASecond, clock_);
  EXPECT_EQ(Allowed(limiter, "a", 100), 3);
  clock_.Advance(absl::Milliseconds(250));
  EXPECT_EQ(Allowed(limiter, "a", 100), 2);
  clock_.Advance(absl::Milliseconds(50));
  EXPECT_EQ(Allowed(limiter, "a", 100), 1);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Allowed(limiter, "a", 100), 3);
}

TEST_F(KeyedRateLimiterTest, TellsTheExactTimeUntilTheNext) {
  KeyedRateLimiter limiter(kTenASecond, clock_);
  Allowed(limiter, "a", 3);
  EXPECT_EQ(limiter.Take("a"), absl::Milliseconds(100));
  // A refusal takes nothing.
  EXPECT_EQ(limiter.Take("a"), absl::Milliseconds(100));
  clock_.Advance(absl::Milliseconds(99));
  EXPECT_EQ(limiter.Take("a"), absl::Milliseconds(1));
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(limiter.Take("a"), absl::ZeroDuration());
}

TEST_F(KeyedRateLimiterTest, OneKeyCostsAnotherNothing) {
  KeyedRateLimiter limiter(kTenASecond, clock_);
  EXPECT_EQ(Allowed(limiter, "a", 100), 3);
  EXPECT_EQ(Allowed(limiter, "b", 100), 3);
}

TEST_F(KeyedRateLimiterTest, WithoutALimitEveryCallPassesAndNothingIsKept) {
  KeyedRateLimiter limiter(std::nullopt, clock_);
  EXPECT_EQ(Allowed(limiter, "a", 1000), 1000);
  EXPECT_EQ(limiter.size(), 0u);
}

TEST_F(KeyedRateLimiterTest, ALimitCanBeSetWhileItRuns) {
  KeyedRateLimiter limiter(std::nullopt, clock_);
  limiter.SetLimit(kTenASecond);
  EXPECT_EQ(Allowed(limiter, "a", 100), 3);
  limiter.SetLimit(RateLimit{.per_second = 10, .burst = 5});
  EXPECT_EQ(Allowed(limiter, "a", 100), 2);
  limiter.SetLimit(std::nullopt);
  EXPECT_EQ(Allowed(limiter, "a", 100), 100);
}

TEST_F(KeyedRateLimiterTest, WhatIsGivenBackCanBeTakenAgain) {
  KeyedRateLimiter limiter(kTenASecond, clock_);
  EXPECT_EQ(Allowed(limiter, "a", 100), 3);
  limiter.GiveBack("a");
  EXPECT_EQ(Allowed(limiter, "a", 100), 1);
  limiter.GiveBack("nobody");
}

TEST_F(KeyedRateLimiterTest, MemoryIsBoundedAndIdleBucketsMakeRoom) {
  constexpr std::size_t kMost = 160;
  KeyedRateLimiter limiter(kTenASecond, clock_, kMost);
  for (int i = 0; i < 10'000; ++i) {
    limiter.Take(StrCat("key-", i));
  }
  EXPECT_LE(limiter.size(), kMost);
  // All of those are full again: a newcomer has a bucket of its own.
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Allowed(limiter, "newcomer", 100), 3);
  EXPECT_LE(limiter.size(), kMost);
}

TEST_F(KeyedRateLimiterTest, KeysBeyondTheRoomShareOneBucketAndTheOthersKeepTheirs) {
  KeyedRateLimiter limiter(kTenASecond, clock_, 16);
  EXPECT_EQ(Allowed(limiter, "first", 2), 2);
  int allowed = 0;
  for (int i = 0; i < 1000; ++i) {
    allowed += Allowed(limiter, StrCat("key-", i), 1);
  }
  // 16 shards, each with at most one bucket and a shared one.
  EXPECT_LE(allowed, 16 * 4);
  EXPECT_EQ(Allowed(limiter, "first", 100), 1);
}

TEST_F(KeyedRateLimiterTest, GivesBackToTheSharedBucketWhatWasTakenFromIt) {
  KeyedRateLimiter limiter(kTenASecond, clock_, 16);
  for (int i = 0; i < 1000; ++i) {
    limiter.Take(StrCat("key-", i));  // each of the 16 shards is full
  }
  clock_.Advance(absl::Milliseconds(100));
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(limiter.Take("newcomer"), absl::ZeroDuration()) << i;
    limiter.GiveBack("newcomer");
  }
}

TEST_F(KeyedRateLimiterTest, TellsTheTimeUntilTheNextWithoutTakingIt) {
  KeyedRateLimiter limiter(kTenASecond, clock_);
  EXPECT_EQ(limiter.TimeUntilNext("a"), absl::ZeroDuration());
  EXPECT_EQ(limiter.size(), 0U);
  EXPECT_EQ(Allowed(limiter, "a", 2), 2);
  EXPECT_EQ(limiter.TimeUntilNext("a"), absl::ZeroDuration());
  EXPECT_EQ(Allowed(limiter, "a", 2), 1);
  EXPECT_EQ(limiter.TimeUntilNext("a"), absl::Milliseconds(100));
  EXPECT_EQ(limiter.TimeUntilNext("a"), absl::Milliseconds(100));
  EXPECT_EQ(limiter.TimeUntilNext("b"), absl::ZeroDuration());
  limiter.SetLimit(std::nullopt);
  EXPECT_EQ(limiter.TimeUntilNext("a"), absl::ZeroDuration());
}

TEST_F(KeyedRateLimiterTest, ExtremesDoNotOverflow) {
  KeyedRateLimiter slow(RateLimit{.per_second = 1e-30, .burst = 1e9}, clock_);
  EXPECT_EQ(Allowed(slow, "a", 2), 1);
  EXPECT_GT(slow.Take("a"), absl::Hours(24 * 365));
  KeyedRateLimiter fast(RateLimit{.per_second = 1e30, .burst = 1e30}, clock_);
  EXPECT_EQ(Allowed(fast, "a", 1000), 1000);
}

TEST_F(KeyedRateLimiterTest, ThreadsTogetherGetOneBurst) {
  KeyedRateLimiter limiter(RateLimit{.per_second = 10, .burst = 500}, clock_);
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] { allowed += Allowed(limiter, "a", 1000); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(allowed, 500);
}

}  // namespace
}  // namespace credential_broker
