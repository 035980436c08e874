#ifndef CREDENTIAL_BROKER_CLI_API_MESSAGES_H_
#define CREDENTIAL_BROKER_CLI_API_MESSAGES_H_

#include <string_view>

#include "cli/broker_client.h"

namespace investsuite::credentialbroker::v1 {
class AccessToken;
class Credential;
}  // namespace investsuite::credentialbroker::v1

namespace google::protobuf {
class Duration;
}  // namespace google::protobuf

namespace credential_broker::cli {

absl::Duration ToDuration(const google::protobuf::Duration& duration);

// The token of an answer, which is wiped. An error where it could not stand in a header as it is:
// who prints or sends it need not look again.
RpcResult<FetchedToken> TakeToken(investsuite::credentialbroker::v1::AccessToken& token);

ListedCredential ToListed(const investsuite::credentialbroker::v1::Credential& credential);

// What a client says of an answer that breaks the contract.
RpcError BadAnswer(std::string_view message);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_API_MESSAGES_H_
