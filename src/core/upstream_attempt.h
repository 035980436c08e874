#ifndef CREDENTIAL_BROKER_CORE_UPSTREAM_ATTEMPT_H_
#define CREDENTIAL_BROKER_CORE_UPSTREAM_ATTEMPT_H_

#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "base/mutex.h"
#include "base/secret.h"
#include "core/refresh_machine.h"
#include "core/upstream_session.h"

namespace credential_broker {

// One upstream call at a time, on a thread that lives only as long as the call: so the credential's
// thread is free to answer callers that lose patience while InvestSuite hangs, and an idle
// credential has one thread.
//
// Not thread-safe, but for Cancel. Must be joined before it is destroyed.
class UpstreamAttempt {
 public:
  using Done = absl::AnyInvocable<void(AttemptResult) &&>;

  explicit UpstreamAttempt(std::unique_ptr<UpstreamSession> session)
      : session_(std::move(session)) {}

  // Makes the call and hands its result to `done` on the call's thread, or on this one where no
  // thread can be had. `refresh_token` must stay as it is until then. The attempt before has been
  // joined.
  void Start(UpstreamOperation operation, const Secret& refresh_token, Done done);

  // Waits until `done` has run. Does nothing where no attempt runs.
  void Join();

  // Later attempts go by `session`. The attempt before has been joined.
  void Use(std::unique_ptr<UpstreamSession> session);

  // Ends this attempt and every later one, soon.
  void Cancel();

 private:
  Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<UpstreamSession> session_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_UPSTREAM_ATTEMPT_H_
