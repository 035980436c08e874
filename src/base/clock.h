#ifndef CREDENTIAL_BROKER_BASE_CLOCK_H_
#define CREDENTIAL_BROKER_BASE_CLOCK_H_

#include <condition_variable>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/mutex.h"

namespace credential_broker {

// An instant on CLOCK_BOOTTIME: it never jumps and goes on while the machine is suspended, so
// lifetimes are counted on it. It cannot be mixed up with wall time (absl::Time), which is only
// shown to people.
class BootTime {
 public:
  constexpr BootTime() = default;
  static BootTime FromSinceBoot(absl::Duration since_boot) { return BootTime(since_boot); }
  static constexpr BootTime InfiniteFuture() { return BootTime(absl::InfiniteDuration()); }
  static constexpr BootTime InfinitePast() { return BootTime(-absl::InfiniteDuration()); }

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

  // Releases `mutex`, sleeps until `condition` is notified or `deadline` has come, and takes
  // `mutex` again. May return for no reason: the caller looks at its condition and at Now() in a
  // loop. This one sleeps in real time; a clock that tests move overrides it.
  virtual void WaitUntil(Mutex& mutex, std::condition_variable_any& condition,
                         BootTime deadline) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
};

// CLOCK_BOOTTIME and CLOCK_REALTIME. Lives to the end of the process.
const Clock& SystemClock();

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_CLOCK_H_
