#ifndef CREDENTIAL_BROKER_CORE_CLOCK_H_
#define CREDENTIAL_BROKER_CORE_CLOCK_H_

#include <compare>

#include "absl/time/time.h"

namespace credential_broker {

// An instant on CLOCK_BOOTTIME: it never jumps and goes on while the machine is suspended, so lifetimes
// are counted on it. It cannot be mixed up with wall time (absl::Time), which is only shown to people.
class BootTime {
 public:
  constexpr BootTime() = default;
  static BootTime FromSinceBoot(absl::Duration since_boot) { return BootTime(since_boot); }
  static BootTime InfiniteFuture() { return BootTime(absl::InfiniteDuration()); }
  static BootTime InfinitePast() { return BootTime(-absl::InfiniteDuration()); }

  absl::Duration since_boot() const { return since_boot_; }

  friend BootTime operator+(BootTime t, absl::Duration d) { return BootTime(t.since_boot_ + d); }
  friend BootTime operator-(BootTime t, absl::Duration d) { return BootTime(t.since_boot_ - d); }
  friend absl::Duration operator-(BootTime a, BootTime b) { return a.since_boot_ - b.since_boot_; }
  friend bool operator==(BootTime a, BootTime b) { return a.since_boot_ == b.since_boot_; }
  friend bool operator<(BootTime a, BootTime b) { return a.since_boot_ < b.since_boot_; }
  friend bool operator>(BootTime a, BootTime b) { return b < a; }
  friend bool operator<=(BootTime a, BootTime b) { return !(b < a); }
  friend bool operator>=(BootTime a, BootTime b) { return !(a < b); }

 private:
  explicit constexpr BootTime(absl::Duration since_boot) : since_boot_(since_boot) {}
  absl::Duration since_boot_ = absl::ZeroDuration();
};

// Where time comes from. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual BootTime Now() const = 0;
  virtual absl::Time WallNow() const = 0;
};

// CLOCK_BOOTTIME and CLOCK_REALTIME. Lives to the end of the process.
const Clock& SystemClock();

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_CLOCK_H_
