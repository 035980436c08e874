#ifndef CREDENTIAL_BROKER_CLI_ERROR_HINTS_H_
#define CREDENTIAL_BROKER_CLI_ERROR_HINTS_H_

#include <string>

#include "cli/rpc_error.h"

namespace credential_broker::cli {

// What the caller can do about `error`, in one line; may be empty.
std::string HintFor(const RpcError& error);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_ERROR_HINTS_H_
