#include "service/admin_service.h"

#include <string>
#include <utility>

#include "base/strings.h"
#include "core/reason.h"
#include "identity/principal.h"
#include "service/access_token.h"
#include "service/caller.h"
#include "service/error_status.h"
#include "service/waiting_query.h"

namespace credential_broker::service {
namespace {

absl::Status NotFound(std::string_view name) {
  return MakeError(Reason::kCredentialNotFound, StrCat("no credential is named '", name,
                                                       "'; the broker's configuration names them"));
}

// "OK", or why not.
std::string_view ResultName(const absl::Status& outcome) {
  const auto details = DetailsOf(outcome);
  return details.has_value() ? ReasonName(details->reason) : "OK";
}

}  // namespace

void AdminService::AddTo(rpc::Router& router) const {
  const google::protobuf::ServiceDescriptor& service =
      *api::RefreshCredentialRequest::descriptor()->file()->FindServiceByName(
          "CredentialBrokerAdminService");
  router.Add(service, "RefreshCredential",
             rpc::Unary<api::RefreshCredentialRequest>(
                 [this](rpc::Call& call, const api::RefreshCredentialRequest& request) {
                   return Refresh(call, request);
                 }));
}

std::unique_ptr<rpc::PendingWork> AdminService::Refresh(
    rpc::Call& call, const api::RefreshCredentialRequest& request) const {
  absl::StatusOr<std::string> name = CredentialNameOf(request.credential());
  if (!name.ok()) {
    Answer(call, "", name.status());
    return nullptr;
  }
  const std::shared_ptr<Credential> credential = credentials_.Get()->Find(*name);
  if (credential == nullptr) {
    Answer(call, *name, NotFound(*name));
    return nullptr;
  }
  auto done = [this, ref = call.Ref(),
               name = *std::move(name)](const absl::StatusOr<TokenPtr>& token) mutable {
    ref->Post([this, name = std::move(name), outcome = token.status()](rpc::Call& waiting) {
      Answer(waiting, name, outcome);
    });
  };
  return std::make_unique<WaitingQuery>(credential->Refresh(std::move(done)));
}

void AdminService::Answer(rpc::Call& call, const std::string& name,
                          const absl::Status& outcome) const {
  const absl::StatusOr<std::string> principal = identity::PrincipalOf(call.peer());
  audit_.AdminRefresh(principal.ok() ? *principal : "", name, ResultName(outcome));
  if (!outcome.ok()) {
    call.Finish(ToRpcStatus(outcome));
    return;
  }
  api::RefreshCredentialResponse response;
  if (const auto credential = credentials_.Get()->Find(name)) {
    *response.mutable_credential() = ToProto(credential->Status());
  }
  rpc::Reply(call, response);
}

}  // namespace credential_broker::service
