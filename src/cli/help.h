#ifndef CREDENTIAL_BROKER_CLI_HELP_H_
#define CREDENTIAL_BROKER_CLI_HELP_H_

#include <string>
#include <string_view>

#include "cli/command.h"

namespace credential_broker::cli {

// The help of `command`, which is called as `path`, such as "credential-broker token print".
std::string HelpText(const Command& command, std::string_view path);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_HELP_H_
