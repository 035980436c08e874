#include "support/virtual_time.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>

namespace credential_broker {
namespace {

// Zero: the time is real.
std::atomic<std::int64_t> now_ns{0};

}  // namespace

VirtualTime::VirtualTime() { now_ns = 1'000'000'000'000; }
VirtualTime::~VirtualTime() { now_ns = 0; }
void VirtualTime::Advance(absl::Duration step) { now_ns += absl::ToInt64Nanoseconds(step); }

}  // namespace credential_broker

extern "C" int clock_gettime(clockid_t clock_id, timespec* tp) noexcept {
  const std::int64_t ns = credential_broker::now_ns;
  if (ns == 0 || (clock_id != CLOCK_MONOTONIC && clock_id != CLOCK_BOOTTIME &&
                  clock_id != CLOCK_MONOTONIC_COARSE)) {
    return static_cast<int>(::syscall(SYS_clock_gettime, clock_id, tp));
  }
  tp->tv_sec = static_cast<time_t>(ns / 1'000'000'000);
  tp->tv_nsec = static_cast<long>(ns % 1'000'000'000);  // NOLINT(google-runtime-int)
  return 0;
}
