#include "cli/fetch_token.h"

#include <utility>

#include "cli/hardening.h"
#include "cli/output.h"

namespace credential_broker::cli {

void AddTokenOptions(Command& command, TokenOptions& options) {
  command.options.push_back({.names = "--credential",
                             .value_name = "NAME",
                             .help = "whose token; default: \"default\"",
                             .assign = Into(options.request.credential)});
  command.options.push_back({.names = "--min-validity",
                             .value_name = "DURATION",
                             .help = "least time that the token must be good for, such as 60s",
                             .assign = Into(options.request.min_validity)});
}

std::variant<FetchedToken, int> FetchToken(const TokenOptions& options) {
  if (absl::Status status = GuardSecrets(); !status.ok()) {
    return FailLocally(status);
  }
  auto client = BrokerClient::Create(options.connection);
  if (!client.ok()) {
    return FailLocally(client.status());
  }
  RpcResult<FetchedToken> result = (*client)->GetToken(options.request);
  if (const auto* error = std::get_if<RpcError>(&result)) {
    return Fail(*error, options.connection.address.value);
  }
  return std::get<FetchedToken>(std::move(result));
}

}  // namespace credential_broker::cli
