#ifndef CREDENTIAL_BROKER_CLI_FLAGS_H_
#define CREDENTIAL_BROKER_CLI_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cli/command.h"

namespace credential_broker::cli {

// What the words of one command line mean, before anything is assigned.
struct ParsedFlags {
  struct Value {
    const Option* option;
    std::string text;
  };
  bool help = false;
  std::vector<Value> options;  // those that were given
  std::vector<std::string> positionals;
};

// Splits `words`, those after the subcommand's name and before a `--`, by the flags and arguments
// that `command` knows. Fails where a word is not known, naming the nearest, or a value is missing.
absl::StatusOr<ParsedFlags> ParseFlags(const Command& command, std::vector<std::string> words);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_FLAGS_H_
