#ifndef CREDENTIAL_BROKER_TESTS_WALK_SETTABLE_CLOCK_H_
#define CREDENTIAL_BROKER_TESTS_WALK_SETTABLE_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "core/clock.h"

namespace credential_broker::walk {

// The machine's clocks, but for a wall clock that can be set, forwards and back. Thread-safe.
class SettableClock final : public Clock {
 public:
  BootTime Now() const override { return SystemClock().Now(); }
  absl::Time WallNow() const override {
    return SystemClock().WallNow() + absl::Nanoseconds(ahead_ns_.load());
  }

  // The wall clock goes on from `now`.
  void SetWall(absl::Time now) {
    ahead_ns_ = absl::ToInt64Nanoseconds(now - SystemClock().WallNow());
  }
  void ResetWall() { ahead_ns_ = 0; }

 private:
  std::atomic<std::int64_t> ahead_ns_{0};
};

}  // namespace credential_broker::walk

#endif  // CREDENTIAL_BROKER_TESTS_WALK_SETTABLE_CLOCK_H_
