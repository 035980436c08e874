#ifndef CREDENTIAL_BROKER_CLI_FETCH_TOKEN_H_
#define CREDENTIAL_BROKER_CLI_FETCH_TOKEN_H_

#include <variant>

#include "cli/broker_client.h"
#include "cli/command.h"
#include "cli/connection.h"

namespace credential_broker::cli {

struct TokenOptions {
  ConnectionOptions connection;
  TokenRequest request;
};

// Adds --credential and --min-validity. `options` outlives `command`.
void AddTokenOptions(Command& command, TokenOptions& options);

// A token, with the process guarded before it arrives; or the exit code, after telling the error.
std::variant<FetchedToken, int> FetchToken(const TokenOptions& options);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_FETCH_TOKEN_H_
