#ifndef CREDENTIAL_BROKER_CORE_FORCED_REFRESHES_H_
#define CREDENTIAL_BROKER_CORE_FORCED_REFRESHES_H_

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/clock.h"
#include "core/credential.h"
#include "core/credential_snapshot.h"
#include "core/waiting_queries.h"

namespace credential_broker {

// The operators that wait for a new token. All who come while an attempt is in flight join it; each
// is told how it ended, also where the old token is still good.
class ForcedRefreshes {
 public:
  ForcedRefreshes() : waiting_(std::make_shared<WaitingQueries>()) {}

  // Thread-safe. Null, and `done` left as it is, once closed.
  std::unique_ptr<PendingQuery> Add(TokenCallback& done) { return waiting_->Add({}, done); }

  // All below: the credential's thread.

  // For those who have come: `start` feeds RefreshForced to the machine and returns the state after
  // it. Where no attempt is in flight then, they are told why.
  void Begin(absl::FunctionRef<const CredentialSnapshot&()> start, const Clock& clock);

  // An attempt has ended. Nothing is told while another follows on its heels, as a login follows a
  // refresh that failed.
  void AttemptEnded(const CredentialSnapshot& snapshot, BootTime now);

  // The credential stops: everybody is told so, and nobody is added any more.
  void Close();

 private:
  const std::shared_ptr<WaitingQueries> waiting_;
};

// What an operator is told who wants a new token when no attempt may be made now.
absl::Status RefreshRefused(const CredentialSnapshot& snapshot, BootTime now);

// The same once the credential has stopped.
absl::Status RefreshAfterStop();

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_FORCED_REFRESHES_H_
