#include "service/caller.h"

#include <algorithm>

#include "core/reason.h"
#include "core/strings.h"
#include "identity/principal.h"

namespace credential_broker::service {
namespace {

constexpr std::string_view kDefaultCredential = "default";
constexpr std::size_t kMaxNameLength = 63;

bool IsCredentialName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

absl::StatusOr<std::string> CredentialNameOf(std::string_view in_request) {
  const std::string_view name = in_request.empty() ? kDefaultCredential : in_request;
  if (!IsCredentialName(name)) {
    return MakeError(Reason::kInvalidRequest,
                     "credential is not a name: 1 to 63 characters of a-z, 0-9 and '-'");
  }
  return std::string(name);
}

absl::StatusOr<std::string> Gatekeeper::Authenticate(const rpc::Call& call) const {
  absl::StatusOr<std::string> principal = identity::PrincipalOf(call.peer());
  if (!principal.ok()) {
    audit_.CallerDenied("", call.peer().address, "", Reason::kCallerUnauthenticated);
  }
  return principal;
}

absl::StatusOr<std::shared_ptr<Credential>> Gatekeeper::Authorize(std::string_view principal,
                                                                  std::string_view peer_address,
                                                                  std::string_view name) const {
  const CurrentCredentials::SetPtr credentials = credentials_.Get();
  if (!credentials->policy().Allows(principal, name)) {
    audit_.CallerDenied(principal, peer_address, name, Reason::kCallerNotAllowed);
    return MakeError(Reason::kCallerNotAllowed,
                     StrCat("principal '", principal, "' may not use credential '", name,
                            "'; its operator can add it to the credential's allow rules"));
  }
  std::shared_ptr<Credential> credential = credentials->Find(name);
  if (credential == nullptr) {
    return MakeError(Reason::kCredentialNotFound,
                     StrCat("no credential is named '", name, "'; ListCredentials names them"));
  }
  return credential;
}

absl::StatusOr<Admission> Gatekeeper::Admit(const rpc::Call& call, std::string_view name) const {
  absl::StatusOr<std::string> principal = Authenticate(call);
  if (!principal.ok()) {
    return principal.status();
  }
  absl::StatusOr<std::string> meant = CredentialNameOf(name);
  if (!meant.ok()) {
    return meant.status();
  }
  absl::StatusOr<std::shared_ptr<Credential>> credential =
      Authorize(*principal, call.peer().address, *meant);
  if (!credential.ok()) {
    return credential.status();
  }
  return Admission{*std::move(principal), *std::move(meant), *std::move(credential)};
}

}  // namespace credential_broker::service
