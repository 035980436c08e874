#ifndef CREDENTIAL_BROKER_SERVICE_AUTHENTICATED_H_
#define CREDENTIAL_BROKER_SERVICE_AUTHENTICATED_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "rpc/unary.h"
#include "service/caller.h"
#include "service/error_status.h"

namespace credential_broker::service {

// A unary method for callers that are known: `serve(call, request, principal)` answers as a
// UnaryFunction does. Others are refused. Only a call that has to wait for its principal costs a
// copy of its request. `gatekeeper` outlives the method.
template <typename Request, typename Serve>
rpc::HandlerFactory Authenticated(const Gatekeeper& gatekeeper, Serve serve) {
  auto go_on = [serve = std::move(serve)](
                   rpc::Call& call, const Request& request,
                   absl::StatusOr<std::string> principal) -> std::unique_ptr<rpc::PendingWork> {
    if (!principal.ok()) {
      call.Finish(ToRpcStatus(principal.status()));
      return nullptr;
    }
    return serve(call, request, *std::move(principal));
  };
  return rpc::Unary<Request>(
      [&gatekeeper, go_on = std::move(go_on)](
          rpc::Call& call, const Request& request) -> std::unique_ptr<rpc::PendingWork> {
        if (std::optional<absl::StatusOr<std::string>> known = gatekeeper.TryAuthenticate(call)) {
          return go_on(call, request, *std::move(known));
        }
        return gatekeeper.Authenticate(
            call, [&go_on, request](rpc::Call& waited, absl::StatusOr<std::string> principal) {
              return go_on(waited, request, std::move(principal));
            });
      });
}

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_AUTHENTICATED_H_
