#ifndef CREDENTIAL_BROKER_CORE_CREDENTIAL_WATCHERS_H_
#define CREDENTIAL_BROKER_CORE_CREDENTIAL_WATCHERS_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/clock.h"
#include "core/credential.h"
#include "core/credential_snapshot.h"
#include "core/mutex.h"

namespace credential_broker {

// Those who watch one credential. Only weak references are kept, so that nobody has to be waited
// for: a watch may be dropped on any thread, also by what it calls.
class CredentialWatchers {
 public:
  // Credential::Watch. Thread-safe.
  std::shared_ptr<CredentialWatch> Add(std::function<void()> on_change);

  // Calls every watcher where what `snapshot` shows at `now` differs from the last time. That an
  // attempt begins is not shown: it ends in a moment, with news or with a failure. On the
  // credential's thread alone.
  void Tell(const CredentialSnapshot& snapshot, BootTime now);

 private:
  class Watch;

  // What a watcher can see of a credential.
  struct Shown {
    std::string version;  // of the usable token
    CredentialState state = CredentialState::kPending;
    std::optional<Reason> last_error;
    BootTime due = BootTime::InfinitePast();  // of the next attempt

    bool operator==(const Shown&) const = default;
  };

  std::vector<std::shared_ptr<Watch>> Living();

  Shown told_;  // of the credential's thread
  Mutex mutex_;
  std::vector<std::weak_ptr<Watch>> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_CREDENTIAL_WATCHERS_H_
