#include "cli/parse.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/help.h"
#include "cli/output.h"
#include "config/spelling.h"

namespace credential_broker::cli {
namespace {

absl::Status Prefixed(std::string_view name, const absl::Status& status) {
  return absl::Status(status.code(), StrCat(name, ": ", ToStd(status.message())));
}

absl::Status CheckChoice(const std::vector<std::string>& choices, const std::string& text) {
  if (choices.empty() || std::find(choices.begin(), choices.end(), text) != choices.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      StrCat("\"", text, "\" is none of ", absl::StrJoin(choices, ", ")));
}

absl::Status AssignChecked(const std::string& name, const std::vector<std::string>& choices,
                           const Assign& assign, const std::string& text, Origin origin) {
  absl::Status status = CheckChoice(choices, text);
  if (status.ok()) {
    status = assign(text, origin);
  }
  return status.ok() ? status : Prefixed(name, status);
}

absl::Status AssignEnvironment(const Command& command, const ParsedFlags& parsed) {
  for (const Option& option : command.options) {
    const bool given = std::any_of(parsed.options.begin(), parsed.options.end(),
                                   [&](const auto& value) { return value.option == &option; });
    if (given || option.environment.empty()) {
      continue;
    }
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables
    const char* text = std::getenv(option.environment.c_str());
    if (text == nullptr || *text == '\0') {
      continue;
    }
    absl::Status status = AssignChecked(option.environment, option.choices, option.assign, text,
                                        Origin::kEnvironment);
    if (!status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status AssignAll(const Command& command, const ParsedFlags& parsed) {
  for (const ParsedFlags::Value& value : parsed.options) {
    absl::Status status =
        AssignChecked(std::string(value.option->LongName()), value.option->choices,
                      value.option->assign, value.text, Origin::kFlag);
    if (!status.ok()) {
      return status;
    }
  }
  for (std::size_t i = 0; i < command.positionals.size(); ++i) {
    const Positional& positional = command.positionals[i];
    if (i >= parsed.positionals.size()) {
      return absl::InvalidArgumentError(StrCat(positional.name, " is missing"));
    }
    absl::Status status = AssignChecked(positional.name, positional.choices, positional.assign,
                                        parsed.positionals[i], Origin::kFlag);
    if (!status.ok()) {
      return status;
    }
  }
  return AssignEnvironment(command, parsed);
}

int Misused(std::string_view path, const absl::Status& status) {
  PrintError(ToStd(status.message()));
  PrintHint(StrCat("`", path, " --help` shows how it is used"));
  return kExitLocalError;
}

// `words` are those behind the command's name.
int RunLeaf(const Command& command, std::string_view path, std::vector<std::string> words) {
  if (!command.unavailable.empty()) {
    PrintError(command.unavailable);
    return kExitLocalError;
  }
  std::vector<std::string> rest;
  if (command.rest) {
    const auto dashes = std::find(words.begin(), words.end(), "--");
    if (dashes != words.end()) {
      rest.assign(std::make_move_iterator(dashes + 1), std::make_move_iterator(words.end()));
      words.erase(dashes, words.end());
    }
  }
  const absl::StatusOr<ParsedFlags> parsed = ParseFlags(command, std::move(words));
  if (!parsed.ok()) {
    return Misused(path, parsed.status());
  }
  if (parsed->help) {
    return Print(HelpText(command, path));
  }
  absl::Status status = AssignAll(command, *parsed);
  if (status.ok() && command.rest) {
    if (rest.empty()) {
      status = absl::InvalidArgumentError(StrCat(command.rest->name, " is missing after --"));
    }
    command.rest->assign(std::move(rest));
  }
  return status.ok() ? command.run() : Misused(path, status);
}

std::vector<std::string> NamesOfChildren(const Command& group) {
  std::vector<std::string> names;
  names.reserve(group.children.size());
  for (const Command& child : group.children) {
    names.push_back(child.name);
  }
  return names;
}

absl::Status MissingCommand(const Command& group) {
  return absl::InvalidArgumentError(
      StrCat("a command is missing: ", absl::StrJoin(NamesOfChildren(group), ", ")));
}

absl::Status UnknownCommand(const Command& group, std::string_view word) {
  const std::vector<std::string> known = NamesOfChildren(group);
  const std::optional<std::string> nearest =
      config::NearestWord(word, {known.begin(), known.end()});
  return absl::InvalidArgumentError(StrCat("unknown command \"", word, "\"; ",
                                           nearest ? StrCat("did you mean ", *nearest, "?")
                                                   : "there is: " + absl::StrJoin(known, ", ")));
}

}  // namespace

int ParseAndRun(Command& root, std::vector<std::string> words) {
  Command* command = &root;
  std::string path = root.name;
  auto word = words.begin();
  while (!command->run && command->unavailable.empty()) {
    if (word == words.end()) {
      return Misused(path, MissingCommand(*command));
    }
    if (*word == "-h" || *word == "--help") {
      return Print(HelpText(*command, path));
    }
    // The flag is what many try first.
    Command* child = command->Find(*word == "--version" ? "version" : *word);
    if (child == nullptr) {
      return Misused(path, UnknownCommand(*command, *word));
    }
    path += ' ' + child->name;
    command = child;
    ++word;
  }
  return RunLeaf(*command, path,
                 {std::make_move_iterator(word), std::make_move_iterator(words.end())});
}

}  // namespace credential_broker::cli
