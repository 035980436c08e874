#ifndef CREDENTIAL_BROKER_SERVICE_READINESS_H_
#define CREDENTIAL_BROKER_SERVICE_READINESS_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "core/credential_state.h"

namespace credential_broker::service {

enum class ReadinessPhase { kStarting, kReady, kDraining };

// Decides whether clients should be sent to this broker. gRPC health, /readyz and /statusz all show
// its phase, so that they never contradict each other. Thread-safe.
//
//   kStarting ──> kReady      once the first attempt of every credential has ended, successfully or
//                             not, and at least one credential has a usable token; at once if there
//                             are no credentials
//   any       ──> kDraining   at shutdown
//
// A rollout with a wrong key, or without a route to InvestSuite, therefore stops before it replaces
// replicas that work. Once ready, the broker stays ready until it drains, whatever InvestSuite or a
// reload does: callers of a credential without a token get its error, and callers of the others are
// not affected.
//
// A reload while starting has the outcome of a start with the new configuration. Credentials that
// it adds, or replaces because they use another account, have a first attempt that must end;
// removed ones no longer count; if none is left, the broker is ready.
class Readiness {
 public:
  // `on_change` is called with each new phase, and with the first one by the constructor, one call
  // at a time. It must not call this object.
  Readiness(const std::vector<std::string>& credentials,
            std::function<void(ReadinessPhase)> on_change);

  // Reports the state of a credential. kPending: its first attempt has not ended. Ignored unless
  // the credential is in force.
  void Set(std::string_view credential, CredentialState state);

  // Reports a change of the credentials in force, as one step: `removed` no longer count, and the
  // first attempt of each of `started` is yet to end, even if the name is an old one.
  void Replace(const std::vector<std::string>& started, const std::vector<std::string>& removed);

  // Enters kDraining, for good.
  void StartDraining();

  ReadinessPhase phase() const;

 private:
  bool MayServe() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Update() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Enter(ReadinessPhase phase) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  const std::function<void(ReadinessPhase)> on_change_;
  std::map<std::string, CredentialState, std::less<>> states_ ABSL_GUARDED_BY(mutex_);
  ReadinessPhase phase_ ABSL_GUARDED_BY(mutex_) = ReadinessPhase::kStarting;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_READINESS_H_
