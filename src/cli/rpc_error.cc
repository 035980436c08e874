#include "cli/rpc_error.h"

#include "base/strings.h"
#include "cli/api_messages.h"
#include "cli/error_hints.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace credential_broker::cli {
namespace {

constexpr char kDomain[] = "credential-broker";

}  // namespace

RpcError MakeRpcError(int code, std::string_view message, std::string_view details) {
  RpcError error = {.code = static_cast<absl::StatusCode>(code), .message = std::string(message)};
  google::rpc::Status status;
  if (!status.ParseFromArray(details.data(), static_cast<int>(details.size()))) {
    return error;
  }
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&info) && info.domain() == kDomain) {
      error.reason = info.reason();
      error.metadata.insert(info.metadata().begin(), info.metadata().end());
    } else if (detail.UnpackTo(&retry) && retry.has_retry_delay()) {
      error.retry_after = ToDuration(retry.retry_delay());
    }
  }
  return error;
}

int ExitCodeOf(const RpcError& error) {
  const bool refused = error.code == absl::StatusCode::kUnauthenticated ||
                       error.code == absl::StatusCode::kPermissionDenied ||
                       error.client_certificate_refused;
  return refused ? kExitNotAllowed : kExitBrokerError;
}

std::string Describe(const RpcError& error, std::string_view address) {
  const std::string code = absl::StatusCodeToString(error.code);
  if (error.reason.empty()) {
    return StrCat(code, ": ", address, ": ", Printable(error.message));
  }
  return StrCat(code, " ", Printable(error.reason), ": ", Printable(error.message));
}

int Fail(const RpcError& error, std::string_view address) {
  PrintError(Describe(error, address));
  if (const std::string hint = HintFor(error); !hint.empty()) {
    PrintHint(hint);
  }
  return ExitCodeOf(error);
}

}  // namespace credential_broker::cli
