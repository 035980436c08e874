#include "h2/deadline_timer.h"

#include <optional>
#include <utility>

namespace credential_broker::h2 {
namespace {

// Earlier than every deadline: nothing arms the timer.
constexpr double kFiring = -Deadlines::kNever;

}  // namespace

DeadlineTimer::DeadlineTimer(EvLoop& loop, absl::AnyInvocable<void(Due)> on_due)
    : loop_(loop), on_due_(std::move(on_due)) {
  ev_timer_init(&timer_, &DeadlineTimer::OnTimer, 0., 0.);
  timer_.data = this;
}

DeadlineTimer::~DeadlineTimer() { ev_timer_stop(loop_.raw(), &timer_); }

void DeadlineTimer::SetAt(Due due, double at) {
  deadlines_.Set(due, at);
  Arm(at);
}

void DeadlineTimer::Arm(double at) {
  if (at < armed_for_) {
    armed_for_ = at;
    ev_timer_stop(loop_.raw(), &timer_);
    ev_timer_set(&timer_, at - loop_.now(), 0.);
    ev_timer_start(loop_.raw(), &timer_);
  }
}

void DeadlineTimer::OnTimer(struct ev_loop*, ev_timer* watcher, int) {
  auto& self = *static_cast<DeadlineTimer*>(watcher->data);
  self.armed_for_ = kFiring;
  while (const std::optional<Due> due = self.deadlines_.Take(self.loop_.now())) {
    self.on_due_(*due);
  }
  self.armed_for_ = Deadlines::kNever;
  self.Arm(self.deadlines_.Earliest());
}

}  // namespace credential_broker::h2
