#include "core/clock.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <ctime>
#include <thread>

#include "core/mutex.h"
#include "support/fake_clock.h"

namespace credential_broker {
namespace {

TEST(SystemClock, ReadsBootTimeAndWallTime) {
  const Clock& clock = SystemClock();
  timespec boot = {};
  ASSERT_EQ(clock_gettime(CLOCK_BOOTTIME, &boot), 0);
  const BootTime before = clock.Now();
  EXPECT_LT(before.since_boot() - absl::DurationFromTimespec(boot), absl::Minutes(1));
  EXPECT_GT(before.since_boot(), absl::ZeroDuration());
  EXPECT_GE(clock.Now(), before);
  // After 2020, and not far from what the library reads.
  EXPECT_GT(clock.WallNow(), absl::FromUnixSeconds(1'577'836'800));
}

TEST(SystemClock, WaitEndsAtOnceWhenTheDeadlineHasPassed) {
  Mutex mutex;
  std::condition_variable_any condition;
  MutexLock lock(mutex);
  SystemClock().WaitUntil(mutex, condition, SystemClock().Now() - absl::Hours(1));
  SystemClock().WaitUntil(mutex, condition, BootTime::InfinitePast());
}

TEST(SystemClock, WaitReachesItsDeadline) {
  Mutex mutex;
  std::condition_variable_any condition;
  const BootTime deadline = SystemClock().Now() + absl::Milliseconds(5);
  MutexLock lock(mutex);
  while (SystemClock().Now() < deadline) {
    SystemClock().WaitUntil(mutex, condition, deadline);
  }
}

TEST(SystemClock, WaitEndsWhenNotified) {
  Mutex mutex;
  std::condition_variable_any condition;
  bool ready = false;
  std::thread other([&] {
    MutexLock lock(mutex);
    ready = true;
    condition.notify_all();
  });
  {
    MutexLock lock(mutex);
    while (!ready) {
      SystemClock().WaitUntil(mutex, condition, BootTime::InfiniteFuture());
    }
  }
  other.join();
}

TEST(FakeClock, AdvanceWakesASleeperOnlyAtItsDeadline) {
  FakeClock clock;
  const BootTime deadline = clock.Now() + absl::Seconds(10);
  Mutex mutex;
  std::condition_variable_any condition;
  std::thread sleeper([&] {
    MutexLock lock(mutex);
    while (clock.Now() < deadline) {
      clock.WaitUntil(mutex, condition, deadline);
    }
  });
  ASSERT_TRUE(clock.AwaitParked(deadline));
  clock.Advance(absl::Seconds(9));
  ASSERT_TRUE(clock.AwaitParked(deadline));
  clock.Advance(absl::Seconds(1));
  sleeper.join();
}

TEST(FakeClock, WallTimeJumpsAlone) {
  FakeClock clock;
  const BootTime boot = clock.Now();
  const absl::Time wall = clock.WallNow();
  clock.JumpWall(-absl::Hours(1));
  EXPECT_EQ(clock.Now(), boot);
  EXPECT_EQ(clock.WallNow(), wall - absl::Hours(1));
}

TEST(BootTime, KnowsNoEndOfTime) {
  EXPECT_GT(BootTime::InfiniteFuture(), BootTime() + absl::Hours(1'000'000));
  EXPECT_LT(BootTime::InfinitePast() + absl::Hours(1), BootTime());
}

}  // namespace
}  // namespace credential_broker
