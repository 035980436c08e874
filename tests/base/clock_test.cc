#include "base/clock.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <thread>

#include "base/mutex.h"
#include "support/fake_clock.h"

namespace {

// How long the machine has been suspended, for the clock below. Initialized before any code runs.
constinit std::atomic<std::int64_t> suspended_seconds = 0;

}  // namespace

// Replaces the C library's function in this program, so that a test can suspend the machine:
// CLOCK_BOOTTIME is the only clock that goes on meanwhile and cannot be set.
// The names of the C library's own parameters are reserved.
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
  if (result == 0 && clock == CLOCK_BOOTTIME) {
    now->tv_sec += suspended_seconds.load();
  }
  return result;
}

namespace credential_broker {
namespace {

TEST(SystemClock, NowGoesOnWhileTheMachineIsSuspended) {
  const BootTime before = SystemClock().Now();
  suspended_seconds += 3600;
  const BootTime after = SystemClock().Now();
  EXPECT_GE(after - before, absl::Hours(1));
  EXPECT_LT(after - before, absl::Hours(2));
}

TEST(SystemClock, WallNowIsTheTimeOfTheDay) {
  const auto start = absl::FromTimeT(std::time(nullptr));
  const absl::Time now = SystemClock().WallNow();
  EXPECT_GE(now, start);
  EXPECT_LT(now, start + absl::Minutes(1));
}

TEST(SystemClock, WaitEndsAtOnceWhenTheDeadlineHasPassed) {
  Mutex mutex;
  std::condition_variable_any condition;
  MutexLock lock(mutex);
  const BootTime start = SystemClock().Now();
  SystemClock().WaitUntil(mutex, condition, start - absl::Hours(1));
  SystemClock().WaitUntil(mutex, condition, BootTime::InfinitePast());
  // One that waits sleeps for 5 s.
  EXPECT_LT(SystemClock().Now() - start, absl::Seconds(4));
}

TEST(SystemClock, WaitSleepsUntilItsDeadline) {
  Mutex mutex;
  std::condition_variable_any condition;
  const BootTime deadline = SystemClock().Now() + absl::Milliseconds(50);
  MutexLock lock(mutex);
  int waits = 0;
  while (SystemClock().Now() < deadline) {
    SystemClock().WaitUntil(mutex, condition, deadline);
    ++waits;
  }
  // A wait may end early for no reason, but not again and again: its caller would use a whole core.
  EXPECT_LE(waits, 5);
  EXPECT_LT(SystemClock().Now() - deadline, absl::Seconds(4));
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
