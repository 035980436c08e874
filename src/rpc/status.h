#ifndef CREDENTIAL_BROKER_RPC_STATUS_H_
#define CREDENTIAL_BROKER_RPC_STATUS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace credential_broker::rpc {

// A status to finish a call with, without details. gRPC's codes are absl's.
google::rpc::Status MakeStatus(absl::StatusCode code, std::string message);

// The code and message of `status`; its payloads do not travel.
google::rpc::Status ToStatus(const absl::Status& status);

// The code to put on the wire or into a metric: what gRPC does not know is UNKNOWN.
absl::StatusCode CodeOf(const google::rpc::Status& status);

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_STATUS_H_
