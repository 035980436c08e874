#ifndef CREDENTIAL_BROKER_H2_DEADLINE_TIMER_H_
#define CREDENTIAL_BROKER_H2_DEADLINE_TIMER_H_

#include <ev.h>

#include "absl/functional/any_invocable.h"
#include "h2/deadlines.h"
#include "h2/ev_loop.h"

namespace credential_broker::h2 {

// Deadlines on a loop: tells of each when it comes due. On the loop's thread.
class DeadlineTimer {
 public:
  // `on_due` may set and clear others, and may destroy nothing that the timer is a part of.
  DeadlineTimer(EvLoop& loop, absl::AnyInvocable<void(Due)> on_due);
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;
  ~DeadlineTimer();

  // Comes due in `seconds` from now.
  void Set(Due due, double seconds) { SetAt(due, loop_.now() + seconds); }
  // Comes due at `at`, seconds on the monotonic clock.
  void SetAt(Due due, double at);
  void Clear(Due due) { deadlines_.Clear(due); }
  void ClearAll() { deadlines_.ClearAll(); }
  bool IsSet(Due due) const { return deadlines_.IsSet(due); }

 private:
  static void OnTimer(struct ev_loop* loop, ev_timer* watcher, int events);
  void Arm(double at);

  EvLoop& loop_;
  absl::AnyInvocable<void(Due)> on_due_;
  Deadlines deadlines_;
  ev_timer timer_;
  // When the timer fires, at the latest when the earliest deadline comes due: to clear one leaves
  // the timer alone.
  double armed_for_ = Deadlines::kNever;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_DEADLINE_TIMER_H_
