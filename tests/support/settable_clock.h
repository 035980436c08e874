#ifndef CREDENTIAL_BROKER_TESTS_SUPPORT_SETTABLE_CLOCK_H_
#define CREDENTIAL_BROKER_TESTS_SUPPORT_SETTABLE_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "base/clock.h"

namespace credential_broker {

// The machine's clocks, except that a test can set the wall clock ahead, or back. For code that
// waits in real time. Thread-safe.
class SettableClock final : public Clock {
 public:
  BootTime Now() const override { return SystemClock().Now(); }
  absl::Time WallNow() const override {
    return SystemClock().WallNow() + absl::Nanoseconds(ahead_ns_.load());
  }
  void SetAhead(absl::Duration ahead) { ahead_ns_ = absl::ToInt64Nanoseconds(ahead); }

 private:
  std::atomic<std::int64_t> ahead_ns_{0};
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_SUPPORT_SETTABLE_CLOCK_H_
