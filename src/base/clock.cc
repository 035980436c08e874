#include "base/clock.h"

#include <algorithm>
#include <ctime>

namespace credential_broker {
namespace {

// Condition variables count CLOCK_MONOTONIC, which stands still while the machine is suspended: a
// sleep is cut into pieces of this length, so that after a resume a deadline is seen at most so
// late.
constexpr absl::Duration kLongestSleep = absl::Seconds(5);

absl::Duration Read(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return absl::DurationFromTimespec(now);
}

class KernelClock final : public Clock {
 public:
  BootTime Now() const override { return BootTime::FromSinceBoot(Read(CLOCK_BOOTTIME)); }

  absl::Time WallNow() const override { return absl::UnixEpoch() + Read(CLOCK_REALTIME); }
};

}  // namespace

void Clock::WaitUntil(Mutex& mutex, std::condition_variable_any& condition,
                      BootTime deadline) const {
  const absl::Duration left = deadline - Now();
  if (left > absl::ZeroDuration()) {
    condition.wait_for(mutex, absl::ToChronoNanoseconds(std::min(left, kLongestSleep)));
  }
}

const Clock& SystemClock() {
  static const KernelClock clock;
  return clock;
}

}  // namespace credential_broker
