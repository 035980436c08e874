#ifndef CREDENTIAL_BROKER_CLI_PARSE_H_
#define CREDENTIAL_BROKER_CLI_PARSE_H_

#include <string>
#include <vector>

#include "cli/command.h"

namespace credential_broker::cli {

// Finds the subcommand of `root` that `words` (without the program's name) name, gives it its
// flags, then what the environment holds for flags that were not given, and runs it. Returns the
// exit code. --help of any command prints its help; a mistake is told on standard error, with the
// nearest known name.
int ParseAndRun(Command& root, std::vector<std::string> words);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_PARSE_H_
