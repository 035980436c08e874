#ifndef CREDENTIAL_BROKER_CLI_RUN_UNTIL_SIGNAL_H_
#define CREDENTIAL_BROKER_CLI_RUN_UNTIL_SIGNAL_H_

#include <condition_variable>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace credential_broker::cli {

// Tells a thread to stop. Thread-safe.
class StopRequest {
 public:
  explicit StopRequest(const Clock& clock) : clock_(clock) {}

  void Make();
  bool made() const;

  // Waits until the request is made, or `longest` has passed; whether it is made.
  bool Wait(absl::Duration longest);

  // Has `interrupt` called when the request is made, at once where it has been; null: nothing any
  // more. What it uses may end once another has been set.
  void SetInterrupt(std::function<void()> interrupt);

 private:
  const Clock& clock_;
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  bool made_ ABSL_GUARDED_BY(mutex_) = false;
  std::function<void()> interrupt_ ABSL_GUARDED_BY(mutex_);
};

// Runs `work` on a thread of its own, to its end or until SIGTERM or SIGINT comes: then it is told
// to stop, and waited for. What it returns; kExitOk after a signal. Fails where the kernel has no
// descriptor or thread left. To be called once, before other threads are started: the signals stay
// blocked.
absl::StatusOr<int> RunUntilSignal(const std::function<int(StopRequest&)>& work,
                                   const Clock& clock);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_RUN_UNTIL_SIGNAL_H_
