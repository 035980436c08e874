#ifndef CREDENTIAL_BROKER_BASE_EVENT_LOOP_H_
#define CREDENTIAL_BROKER_BASE_EVENT_LOOP_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/executor.h"

namespace credential_broker {

// One thread's event loop. Whoever may call Post after the server's end holds it by
// shared_from_this.
class EventLoop : public Executor, public std::enable_shared_from_this<EventLoop> {
 public:
  // Runs `task` once after `delay`. On the loop's thread only.
  [[nodiscard]] virtual std::unique_ptr<Timer> RunAfter(absl::Duration delay,
                                                        absl::AnyInvocable<void() &&> task) = 0;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_EVENT_LOOP_H_
