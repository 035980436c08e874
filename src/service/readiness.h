#ifndef CREDENTIAL_BROKER_SERVICE_READINESS_H_
#define CREDENTIAL_BROKER_SERVICE_READINESS_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/credential_state.h"
#include "core/mutex.h"

namespace credential_broker::service {

// Whether every credential has a usable token, and who has none. Thread-safe.
class Readiness {
 public:
  // `on_change` is called with each new answer to ready(), one at a time; it must not call back.
  Readiness(const std::vector<std::string>& credentials, std::function<void(bool ready)> on_change);

  // One that was not among those of the start counts from its first usable token on: a credential
  // that a reload brings, and that never worked, must not take the others' callers away.
  void Set(std::string_view credential, CredentialState state);
  // It does not count any more.
  void Remove(std::string_view credential);
  // From now on not ready, whatever the credentials say.
  void StartDraining();

  bool ready() const;

 private:
  void Update() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  const std::function<void(bool)> on_change_;
  std::map<std::string, CredentialState, std::less<>> states_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool ready_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_READINESS_H_
