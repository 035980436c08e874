#include "service/token_service.h"

#include <memory>

#include "investsuite/credentialbroker/v1/credential_broker.pb.h"
#include "rpc/unary.h"
#include "service/access_token.h"
#include "service/error_status.h"
#include "service/list_credentials.h"

namespace credential_broker::service {
namespace {

const google::protobuf::ServiceDescriptor& Descriptor() {
  return *api::GetTokenRequest::descriptor()->file()->FindServiceByName("CredentialBrokerService");
}

void ServeList(const Gatekeeper& gatekeeper, rpc::Call& call,
               const api::ListCredentialsRequest& request) {
  const absl::StatusOr<std::string> principal = gatekeeper.Authenticate(call);
  if (!principal.ok()) {
    call.Finish(ToRpcStatus(principal.status()));
    return;
  }
  const absl::StatusOr<api::ListCredentialsResponse> response =
      ListCredentials(*gatekeeper.credentials(), *principal, request);
  if (!response.ok()) {
    call.Finish(ToRpcStatus(response.status()));
    return;
  }
  rpc::Reply(call, *response);
}

}  // namespace

TokenService::TokenService(const CurrentCredentials& credentials, AuditSink& audit,
                           const Clock& clock, absl::Duration max_wait)
    : gatekeeper_(credentials, audit),
      get_token_(gatekeeper_, clock, max_wait),
      watch_token_(gatekeeper_, clock) {}

void TokenService::AddTo(rpc::Router& router) {
  router.Add(Descriptor(), "GetToken",
             rpc::Unary<api::GetTokenRequest>(
                 [this](rpc::Call& call, const api::GetTokenRequest& request) {
                   return get_token_.Serve(call, request);
                 }));
  router.Add(Descriptor(), "WatchToken", watch_token_.Factory());
  router.Add(
      Descriptor(), "ListCredentials",
      rpc::Unary<api::ListCredentialsRequest>(
          [this](rpc::Call& call,
                 const api::ListCredentialsRequest& request) -> std::unique_ptr<rpc::PendingWork> {
            ServeList(gatekeeper_, call, request);
            return nullptr;
          }));
}

}  // namespace credential_broker::service
