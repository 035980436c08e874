#ifndef CREDENTIAL_BROKER_H2_EVENT_LOOP_H_
#define CREDENTIAL_BROKER_H2_EVENT_LOOP_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace credential_broker::h2 {

// A timer that has been set. Destroying it cancels it. Used on the loop's thread only.
class Timer {
 public:
  virtual ~Timer() = default;
};

// One thread's event loop. Whoever may call Post after the server's end holds it by
// shared_from_this.
class EventLoop : public std::enable_shared_from_this<EventLoop> {
 public:
  virtual ~EventLoop() = default;

  // Runs `task` on the loop's thread, in the order of posting. Thread-safe, never blocks. Once the
  // loop has stopped, tasks are destroyed without being run.
  virtual void Post(absl::AnyInvocable<void() &&> task) = 0;

  // Runs `task` once after `delay`. On the loop's thread only.
  [[nodiscard]] virtual std::unique_ptr<Timer> RunAfter(absl::Duration delay,
                                                        absl::AnyInvocable<void() &&> task) = 0;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_EVENT_LOOP_H_
