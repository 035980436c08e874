#include "service/error_status.h"

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "core/reason.h"
#include "google/rpc/error_details.pb.h"
#include "service/access_token.h"

namespace credential_broker::service {

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status result;
  result.set_code(static_cast<int>(status.code()));
  result.set_message(std::string(status.message()));
  const std::optional<ErrorDetails> details = DetailsOf(status);
  if (!details.has_value()) {
    return result;
  }
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(ReasonName(details->reason)));
  info.set_domain("credential-broker");
  info.mutable_metadata()->insert(details->metadata.begin(), details->metadata.end());
  result.add_details()->PackFrom(info);
  if (details->retry_after.has_value()) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() = ToProto(*details->retry_after);
    result.add_details()->PackFrom(retry);
  }
  return result;
}

}  // namespace credential_broker::service
