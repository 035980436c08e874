#ifndef CREDENTIAL_BROKER_SERVICE_ERROR_STATUS_H_
#define CREDENTIAL_BROKER_SERVICE_ERROR_STATUS_H_

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace credential_broker::service {

// An error as callers see it: code and message, ErrorInfo {domain "credential-broker"} and, where
// it has a retry delay, RetryInfo (AIP-193). A status that was not made by MakeError travels
// without details.
google::rpc::Status ToRpcStatus(const absl::Status& status);

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_ERROR_STATUS_H_
