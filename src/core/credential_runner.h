#ifndef CREDENTIAL_BROKER_CORE_CREDENTIAL_RUNNER_H_
#define CREDENTIAL_BROKER_CORE_CREDENTIAL_RUNNER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "core/credential.h"
#include "core/refresh_policy.h"
#include "core/upstream_session.h"

namespace credential_broker {

// Told of what happens to a credential, on its thread. Must not block and must not call back.
class CredentialObserver {
 public:
  virtual ~CredentialObserver() = default;
  // A new token is being served; `operation` is "login" or "refresh".
  virtual void OnTokenObtained(std::string_view credential, std::string_view operation,
                               const Token& token, absl::Duration took) = 0;
  // An attempt failed; the next one is due in `retry_in`.
  virtual void OnUpstreamFailed(std::string_view credential, std::string_view operation,
                                const AttemptFailure& failure, absl::Duration took,
                                absl::Duration retry_in) = 0;
  virtual void OnStateChanged(std::string_view credential, CredentialState state) = 0;
  // Other credentials are in force. Those of `started` are about to begin, under a new name or in
  // place of one of the same name; those of `removed` are gone. The threads of the replaced and
  // removed ones have ended, so that all later calls are about the new ones. Called once per start
  // or reload, on its thread.
  virtual void OnReplaced(const std::vector<std::string>& /*started*/,
                          const std::vector<std::string>& /*removed*/) {}
};

// Keeps one credential: runs the refresh machine on a thread of its own and serves Credential.
class CredentialRunner : public Credential {
 public:
  // `clock`, `observer` and `random` outlive the runner. Calls may wait from now on; nothing is
  // sent upstream before Begin.
  static std::unique_ptr<CredentialRunner> Create(std::string name, RefreshPolicy policy,
                                                  std::unique_ptr<UpstreamSession> upstream,
                                                  const Clock& clock, CredentialObserver& observer,
                                                  Random& random = SystemRandom());

  // Starts the thread, which waits for Begin. RESOURCE_EXHAUSTED: no thread can be had, for want of
  // memory or by a limit of processes. Once.
  virtual absl::Status Prepare() = 0;

  // Lets the thread log in; starts it first where Prepare has not, and fails only then. Once.
  virtual absl::Status Begin() = 0;

  // From the next attempt on `upstream` is asked, from the next token on it is refreshed as
  // `policy` says; an attempt in flight ends as it began. The token, and the session that it came
  // from, stay: `upstream` must log in to the same account at the same place. Thread-safe.
  virtual void Reconfigure(RefreshPolicy policy, std::unique_ptr<UpstreamSession> upstream) = 0;

  // The key files changed: a refused credential tries again at once. Thread-safe.
  virtual void OnKeyChanged() = 0;

  // Answers waiting calls and all later ones that find no usable token with SHUTTING_DOWN, cancels
  // an upstream call and joins the thread. Idempotent; the destructor calls it. Not to be called by
  // a callback or an observer.
  virtual void Stop() = 0;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_CREDENTIAL_RUNNER_H_
