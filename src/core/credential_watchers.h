#ifndef CREDENTIAL_BROKER_CORE_CREDENTIAL_WATCHERS_H_
#define CREDENTIAL_BROKER_CORE_CREDENTIAL_WATCHERS_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "core/credential.h"
#include "core/credential_snapshot.h"

namespace credential_broker {

// Those who watch one credential. Only weak references are kept, so that nobody has to be waited
// for: a watch may be dropped on any thread, also by what it calls.
class CredentialWatchers {
 public:
  // Credential::Watch. Thread-safe.
  std::shared_ptr<CredentialWatch> Add(std::function<void()> on_change);

  // References that are kept: at most twice as many as there are watches, or kMinPruned.
  // Thread-safe.
  std::size_t kept() const {
    MutexLock lock(mutex_);
    return watches_.size();
  }

  // Calls every watcher where what `snapshot` shows at `now` differs from the last time. That an
  // attempt begins is not shown: it ends in a moment, with news or with a failure. On the
  // credential's thread alone.
  void Tell(const CredentialSnapshot& snapshot, BootTime now);

 private:
  class Watch;

  static constexpr std::size_t kMinPruned = 16;

  // What a watcher can see of a credential.
  struct Shown {
    std::string version;  // of the usable token
    CredentialState state = CredentialState::kPending;
    std::optional<Reason> last_error;
    BootTime due = BootTime::InfinitePast();  // of the next attempt

    bool operator==(const Shown&) const = default;
  };

  std::vector<std::shared_ptr<Watch>> Living();
  void Prune() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Shown told_;  // of the credential's thread
  mutable Mutex mutex_;
  std::vector<std::weak_ptr<Watch>> watches_ ABSL_GUARDED_BY(mutex_);
  // The size of watches_ at which those that were dropped are removed.
  std::size_t prune_at_ ABSL_GUARDED_BY(mutex_) = kMinPruned;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_CREDENTIAL_WATCHERS_H_
