#ifndef CREDENTIAL_BROKER_CLI_COMMAND_H_
#define CREDENTIAL_BROKER_CLI_COMMAND_H_

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace credential_broker::cli {

// Where a value was found, the weakest first.
enum class Origin { kDefault, kEnvironment, kFlag };

template <typename T>
struct Setting {
  T value{};
  Origin origin = Origin::kDefault;
};

// Takes the text of a value. An error says what is wrong with the text and how to write it; the
// parser puts the name of the flag or variable in front.
using Assign = std::function<absl::Status(std::string_view text, Origin origin)>;

// The usual ones. Their targets outlive the command. A switch is "true" or "false", in the
// environment also 1, 0, yes, no, on, off.
Assign Into(std::string& target);
Assign Into(bool& target);
Assign Into(absl::Duration& target);  // as in the configuration: 250ms, 5s, 3m, 1h
Assign Into(Setting<std::string>& target);
Assign Into(Setting<bool>& target);

struct Option {
  std::string names;                      // "--address" or "-o,--output": the long name stands last
  std::string value_name = {};            // shown in the help; empty: a switch
  std::string help = {};                  // a phrase without a full stop
  std::vector<std::string> choices = {};  // empty: any text
  bool is_file = false;                   // the shell completes names of files
  std::string environment = {};           // the variable that stands in for the flag; empty: none
  std::string group = "Flags";            // heading in the help
  Assign assign = {};

  std::string_view LongName() const;
};

// An argument without a flag. It must be given.
struct Positional {
  std::string name;  // "FILE"
  std::string help = {};
  std::vector<std::string> choices = {};
  bool is_file = false;
  Assign assign = {};
};

// What follows `--`, taken as it is: a command line of another program. At least one word must be
// given.
struct Rest {
  std::string name;  // "CMD..."
  std::string help = {};
  std::function<void(std::vector<std::string> words)> assign = {};
};

// One subcommand, or a group of them: plain data that the parser, the help and the shell
// completions are all made from, so that none can lag behind another.
struct Command {
  std::string name;
  std::string summary = {};  // one line, for the list of the group
  std::string details = {};  // more paragraphs, lines of at most 80 columns; may be empty
  std::vector<std::string> examples =
      {};  // lines as typed; one that starts with '#' explains the next
  std::vector<Option> options = {};
  std::vector<Positional> positionals = {};
  std::optional<Rest> rest = {};
  std::function<int()> run = {};  // returns the exit code; absent: a group
  std::string unavailable = {};   // why this build cannot run it; empty: it can
  std::list<Command> children = {};

  // Adds a subcommand; the reference stays valid.
  Command& Add(std::string child_name, std::string child_summary);
  Command* Find(std::string_view child_name);
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_COMMAND_H_
