#ifndef CREDENTIAL_BROKER_SERVICE_LIST_CREDENTIALS_H_
#define CREDENTIAL_BROKER_SERVICE_LIST_CREDENTIALS_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "core/credential_set.h"
#include "investsuite/credentialbroker/v1/credential_broker.pb.h"

namespace credential_broker::service {

// The page of `request`: the credentials that `principal` may use, in order of name. A page_size
// above 1000 is taken as 1000 (AIP-158). Fails with INVALID_REQUEST for a negative page_size or a
// page_token that no answer gave. A token stays good when credentials come and go.
absl::StatusOr<investsuite::credentialbroker::v1::ListCredentialsResponse> ListCredentials(
    const CredentialSet& credentials, std::string_view principal,
    const investsuite::credentialbroker::v1::ListCredentialsRequest& request);

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_LIST_CREDENTIALS_H_
