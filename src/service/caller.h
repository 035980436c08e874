#ifndef CREDENTIAL_BROKER_SERVICE_CALLER_H_
#define CREDENTIAL_BROKER_SERVICE_CALLER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/audit_sink.h"
#include "core/current_credentials.h"
#include "rpc/call.h"

namespace credential_broker::service {

// A caller that may use a credential.
struct Admission {
  std::string principal;
  std::string credential_name;
  std::shared_ptr<Credential> credential;  // never null
};

// The name that a request means: "default" where it has none. Fails with INVALID_REQUEST where it
// can be nobody's.
absl::StatusOr<std::string> CredentialNameOf(std::string_view in_request);

// The way from a request to a credential: who calls, may it, does the credential exist. Every
// refusal is written to the audit log. Thread-safe; what it is made of outlives it.
class Gatekeeper {
 public:
  Gatekeeper(const CurrentCredentials& credentials, AuditSink& audit)
      : credentials_(credentials), audit_(audit) {}

  // Fails with CALLER_UNAUTHENTICATED.
  absl::StatusOr<std::string> Authenticate(const rpc::Call& call) const;

  // The credential `name`, which `principal` asks for at `peer_address`, as the rules stand now.
  // Fails with CALLER_NOT_ALLOWED or CREDENTIAL_NOT_FOUND, as Admit does.
  absl::StatusOr<std::shared_ptr<Credential>> Authorize(std::string_view principal,
                                                        std::string_view peer_address,
                                                        std::string_view name) const;

  // `name`: as in a request, empty for "default". Fails with CALLER_UNAUTHENTICATED,
  // INVALID_REQUEST, or CALLER_NOT_ALLOWED, the same whether the credential exists or not; with
  // CREDENTIAL_NOT_FOUND only for a caller whose rule covers the name.
  absl::StatusOr<Admission> Admit(const rpc::Call& call, std::string_view name) const;

  CurrentCredentials::SetPtr credentials() const { return credentials_.Get(); }
  AuditSink& audit() const { return audit_; }

 private:
  const CurrentCredentials& credentials_;
  AuditSink& audit_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_CALLER_H_
