#ifndef CREDENTIAL_BROKER_CORE_RUNNER_INBOX_H_
#define CREDENTIAL_BROKER_CORE_RUNNER_INBOX_H_

#include <condition_variable>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "core/refresh_policy.h"
#include "core/upstream_session.h"

namespace credential_broker {

// What other threads leave for a credential's thread, and where that thread sleeps. Thread-safe.
class RunnerInbox {
 public:
  // How the credential is kept from now on.
  struct Upkeep {
    RefreshPolicy policy;
    std::unique_ptr<UpstreamSession> upstream;
  };

  struct Mail {
    bool stop = false;
    bool key_changed = false;
    std::optional<AttemptResult> result;
    std::optional<Upkeep> upkeep;  // the newest
  };

  explicit RunnerInbox(const Clock& clock) : clock_(clock) {}

  void Begin();
  // Sleeps until Begin, or Stop: then false, where Begin has not been.
  bool AwaitBegin();

  void Stop();
  void KeyChanged();
  void Reconfigure(Upkeep upkeep);
  void AttemptEnded(AttemptResult result);
  // There is something to look at that is not in the inbox.
  void Wake();

  // What has been left since the last time. Sleeps until something is, or until `deadline`; may
  // return early.
  Mail Take(BootTime deadline);

 private:
  void Ring() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  std::condition_variable_any rung_;
  bool begun_ ABSL_GUARDED_BY(mutex_) = false;
  bool ringing_ ABSL_GUARDED_BY(mutex_) = false;
  Mail mail_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_RUNNER_INBOX_H_
