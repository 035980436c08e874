#ifndef CREDENTIAL_BROKER_CLI_RPC_ERROR_H_
#define CREDENTIAL_BROKER_CLI_RPC_ERROR_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace credential_broker::cli {

// Why a call to the broker failed: by the broker's word, or on the way to it.
struct RpcError {
  absl::StatusCode code = absl::StatusCode::kUnknown;
  std::string message = {};
  std::string reason = {};  // of ErrorInfo in the broker's domain; empty: not the broker's word
  std::map<std::string, std::string> metadata = {};  // of ErrorInfo
  std::optional<absl::Duration> retry_after = {};    // of RetryInfo
  // TLS ended because the server wants a client certificate, or another one.
  bool client_certificate_refused = false;
};

// From the parts of a gRPC status; `details` is grpc-status-details-bin, unreadable ones count as
// none.
RpcError MakeRpcError(int code, std::string_view message, std::string_view details);

// kExitNotAllowed where the caller is not authenticated or not allowed, a refused client
// certificate included; else kExitBrokerError.
int ExitCodeOf(const RpcError& error);

// "FAILED_PRECONDITION CREDENTIAL_REJECTED: …"; for an error on the way it names `address`.
std::string Describe(const RpcError& error, std::string_view address);

// Prints both to standard error and returns ExitCodeOf(error).
int Fail(const RpcError& error, std::string_view address);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_RPC_ERROR_H_
