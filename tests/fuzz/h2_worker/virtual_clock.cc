#include "h2_worker/virtual_clock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>

namespace credential_broker {
namespace {

// Not 0: libev takes that for a clock that it has not looked at.
std::atomic<std::int64_t> now_ns{1'000'000'000'000};

}  // namespace

void AdvanceVirtualClock(absl::Duration step) { now_ns += absl::ToInt64Nanoseconds(step); }

}  // namespace credential_broker

extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  if (clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME && clock != CLOCK_MONOTONIC_COARSE) {
    return static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
  }
  const std::int64_t ns = credential_broker::now_ns;
  now->tv_sec = static_cast<time_t>(ns / 1'000'000'000);
  now->tv_nsec = static_cast<long>(ns % 1'000'000'000);  // NOLINT(google-runtime-int)
  return 0;
}
