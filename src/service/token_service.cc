#include "service/token_service.h"

#include <memory>
#include <string>
#include <utility>

#include "investsuite/credentialbroker/v1/credential_broker.pb.h"
#include "rpc/unary.h"
#include "service/access_token.h"
#include "service/authenticated.h"
#include "service/error_status.h"
#include "service/list_credentials.h"

namespace credential_broker::service {
namespace {

// A request is a credential's name, a version and a duration.
constexpr rpc::MethodOptions kOptions{.max_message = 4 * 1024};

const google::protobuf::ServiceDescriptor& Descriptor() {
  return *api::GetTokenRequest::descriptor()->file()->FindServiceByName("CredentialBrokerService");
}

std::unique_ptr<rpc::PendingWork> ServeList(const Gatekeeper& gatekeeper, rpc::Call& call,
                                            const api::ListCredentialsRequest& request,
                                            std::string_view principal) {
  const absl::StatusOr<api::ListCredentialsResponse> response =
      ListCredentials(*gatekeeper.credentials(), principal, request);
  if (response.ok()) {
    rpc::Reply(call, *response);
  } else {
    call.Finish(ToRpcStatus(response.status()));
  }
  return nullptr;
}

}  // namespace

TokenService::TokenService(const CurrentCredentials& credentials, AuditSink& audit,
                           const Clock& clock, absl::Duration max_wait, CallerChecks checks)
    : gatekeeper_(credentials, audit, checks),
      get_token_(gatekeeper_, clock, max_wait),
      watch_token_(gatekeeper_, clock) {}

void TokenService::AddTo(rpc::Router& router) {
  router.Add(Descriptor(), "WatchToken", watch_token_.Factory(), kOptions);
  router.Add(
      Descriptor(), "GetToken",
      Authenticated<api::GetTokenRequest>(
          gatekeeper_,
          [this](rpc::Call& call, const api::GetTokenRequest& request, std::string principal) {
            return get_token_.Serve(call, request, std::move(principal));
          }),
      kOptions);
  router.Add(Descriptor(), "ListCredentials",
             Authenticated<api::ListCredentialsRequest>(
                 gatekeeper_,
                 [this](rpc::Call& call, const api::ListCredentialsRequest& request,
                        const std::string& principal) {
                   return ServeList(gatekeeper_, call, request, principal);
                 }),
             kOptions);
}

}  // namespace credential_broker::service
