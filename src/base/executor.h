#ifndef CREDENTIAL_BROKER_BASE_EXECUTOR_H_
#define CREDENTIAL_BROKER_BASE_EXECUTOR_H_

#include "absl/functional/any_invocable.h"

namespace credential_broker {

// One thread that runs what others post to it.
class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `task` on the executor's thread, in the order of posting. Thread-safe, never blocks. Once
  // the executor has stopped, tasks are destroyed without being run.
  virtual void Post(absl::AnyInvocable<void() &&> task) = 0;
};

// A timer that was set on an executor's thread. Destroying it cancels it. Used on that thread only.
class Timer {
 public:
  virtual ~Timer() = default;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_EXECUTOR_H_
