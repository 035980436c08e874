#ifndef CREDENTIAL_BROKER_SERVICE_CALLER_H_
#define CREDENTIAL_BROKER_SERVICE_CALLER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/keyed_permits.h"
#include "base/keyed_rate_limiter.h"
#include "core/audit_sink.h"
#include "core/current_credentials.h"
#include "rpc/call.h"
#include "rpc/unary.h"

namespace credential_broker::identity {
class CallerTokens;
}

namespace credential_broker::service {

// A caller that may use a credential.
struct Admission {
  std::string principal;
  std::string credential_name;
  std::shared_ptr<Credential> credential;  // never null
};

// What a caller has to pass beside the access policy. All outlive the gatekeeper.
struct CallerChecks {
  identity::CallerTokens* tokens = nullptr;  // null: no bearer token is accepted
  KeyedRateLimiter* rate = nullptr;          // of each principal; null: no limit
  KeyedPermits* streams = nullptr;           // of each principal; null: no limit
};

// Returns CALLER_RATE_LIMITED for a caller whose next call is allowed after `wait`.
absl::Status CallsTooOften(std::string_view principal, absl::Duration wait);
// Returns CALLER_RATE_LIMITED for a caller that has reached its maximum number of open streams.
absl::Status HasTooManyStreams(std::string_view principal);

// The name that a request means: "default" where it has none. Fails with INVALID_REQUEST where it
// can be nobody's.
absl::StatusOr<std::string> CredentialNameOf(std::string_view in_request);

// The way from a request to a credential: who calls, not too often, may it, does the credential
// exist. Every refusal is written to the audit log, once. Thread-safe; what it is made of outlives
// it.
class Gatekeeper {
 public:
  Gatekeeper(const CurrentCredentials& credentials, AuditSink& audit, CallerChecks checks = {})
      : credentials_(credentials), audit_(audit), checks_(checks) {}

  // The principal that calls; it counts as one call. A bearer token decides where one is sent, also
  // beside a certificate. Fails with CALLER_UNAUTHENTICATED, CALLER_RATE_LIMITED or
  // UPSTREAM_UNAVAILABLE. None, and nothing counted: the token must be asked about; call
  // Authenticate.
  std::optional<absl::StatusOr<std::string>> TryAuthenticate(const rpc::Call& call) const;

  // What a call does once it is known who calls; what it returns is kept as long as the call.
  using NextStep = absl::AnyInvocable<std::unique_ptr<rpc::PendingWork>(
                                          rpc::Call&, absl::StatusOr<std::string> principal) &&>;

  // The same, but waits: `next` runs once, at once or later on the call's loop, and not any more
  // once the call is over. The caller keeps what is returned, which may be null, until the call is
  // over: a CallHandler in a member.
  [[nodiscard]] std::unique_ptr<rpc::PendingWork> Authenticate(rpc::Call& call,
                                                               NextStep next) const;

  // The credential `name`, which `principal` asks for at `peer_address`, as the rules stand now.
  // Fails with CALLER_NOT_ALLOWED, the same whether the credential exists or not; with
  // CREDENTIAL_NOT_FOUND only for a caller whose rule covers the name.
  absl::StatusOr<std::shared_ptr<Credential>> Authorize(std::string_view principal,
                                                        std::string_view peer_address,
                                                        std::string_view name) const;

  // The same for a call. `principal`: as one of the first two gave it. `name`: as in a request,
  // empty for "default"; fails with INVALID_REQUEST where it is no name.
  absl::StatusOr<Admission> Admit(const rpc::Call& call, std::string principal,
                                  std::string_view name) const;

  // Returns the right of an authenticated call to be a stream that stays open; the caller keeps it
  // as long as that. Empty where nothing limits it. Fails with CALLER_RATE_LIMITED.
  absl::StatusOr<KeyedPermits::Permit> AdmitStream(const rpc::Call& call,
                                                   std::string_view principal) const;
  // What verifies the token that `call` was authenticated by; null: it was not by a token.
  identity::CallerTokens* TokensOf(const rpc::Call& call) const;

  CurrentCredentials::SetPtr credentials() const { return credentials_.Get(); }
  AuditSink& audit() const { return audit_; }

 private:
  class Waiting;

  std::optional<absl::StatusOr<std::string>> TryIdentify(const rpc::Call& call) const;
  // The last step of both ways: counts the call, writes down a refusal.
  absl::StatusOr<std::string> Judge(const rpc::Call& call,
                                    absl::StatusOr<std::string> principal) const;

  const CurrentCredentials& credentials_;
  AuditSink& audit_;
  const CallerChecks checks_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_CALLER_H_
