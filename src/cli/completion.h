#ifndef CREDENTIAL_BROKER_CLI_COMPLETION_H_
#define CREDENTIAL_BROKER_CLI_COMPLETION_H_

#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace credential_broker::cli {

// A script that makes the shell complete `root`'s subcommands, their flags, the values of those
// that have a choice, and names of files. To be sourced.
std::string BashCompletion(const Command& root);
std::string ZshCompletion(const Command& root);
std::string FishCompletion(const Command& root);

// Calls `visit` with every command below `root` and the names that lead to it, groups before their
// own.
void ForEachCommand(
    const Command& root,
    const std::function<void(const std::vector<std::string>& path, const Command&)>& visit);

// The single names of an option: "-o", "--output".
std::vector<std::string> NamesOf(const Option& option);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_COMPLETION_H_
