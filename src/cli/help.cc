#include "cli/help.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"

namespace credential_broker::cli {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kTextColumn = 30;
constexpr std::size_t kLastColumn = 100;

// "  left          text", the text wrapped at words into its own column.
std::string Entry(std::string_view left, std::string_view text) {
  std::string result = StrCat(std::string(kIndent, ' '), left);
  std::size_t column = result.size();
  if (column + 2 > kTextColumn) {
    result += '\n';
    column = 0;
  }
  result += std::string(kTextColumn - column, ' ');
  column = kTextColumn;
  for (absl::string_view word : absl::StrSplit(ToAbsl(text), ' ')) {
    if (column > kTextColumn && column + 1 + word.size() > kLastColumn) {
      result += '\n' + std::string(kTextColumn, ' ');
      column = kTextColumn;
    }
    if (column > kTextColumn) {
      result += ' ';
      ++column;
    }
    result += ToStd(word);
    column += word.size();
  }
  return result + '\n';
}

std::string Usage(const Command& command, std::string_view path) {
  std::string usage = StrCat("Usage: ", path);
  if (!command.children.empty()) {
    return usage + " COMMAND\n";
  }
  usage += " [flags]";
  for (const Positional& positional : command.positionals) {
    usage += ' ' + positional.name;
  }
  if (command.rest) {
    usage += " -- " + command.rest->name;
  }
  return usage + '\n';
}

std::string OptionEntry(const Option& option) {
  const bool has_short_name = option.names.front() == '-' && option.names[1] != '-';
  std::string left = has_short_name ? "" : "    ";
  left += absl::StrReplaceAll(option.names, {{",", ", "}});
  if (!option.value_name.empty()) {
    left += ' ' + option.value_name;
  }
  std::string text = option.help;
  if (!option.choices.empty()) {
    text += ": " + absl::StrJoin(option.choices, ", ");
  }
  if (!option.environment.empty()) {
    text += " [" + option.environment + ']';
  }
  return Entry(left, text);
}

std::string OptionEntries(const Command& command) {
  std::vector<std::string> groups;
  std::string result;
  for (const Option& first : command.options) {
    if (std::find(groups.begin(), groups.end(), first.group) != groups.end()) {
      continue;
    }
    groups.push_back(first.group);
    result += '\n' + first.group + ":\n";
    for (const Option& option : command.options) {
      if (option.group == first.group) {
        result += OptionEntry(option);
      }
    }
  }
  return result;
}

}  // namespace

std::string HelpText(const Command& command, std::string_view path) {
  std::string help = StrCat(command.summary, "\n");
  if (!command.details.empty()) {
    help += '\n' + command.details + '\n';
  }
  help += '\n' + Usage(command, path);
  if (!command.children.empty()) {
    help += "\nCommands:\n";
    for (const Command& child : command.children) {
      help += Entry(child.name, child.summary);
    }
  }
  if (!command.positionals.empty() || command.rest) {
    help += "\nArguments:\n";
    for (const Positional& positional : command.positionals) {
      help += Entry(positional.name,
                    positional.choices.empty()
                        ? positional.help
                        : StrCat(positional.help, ": ", absl::StrJoin(positional.choices, ", ")));
    }
    if (command.rest) {
      help += Entry(command.rest->name, command.rest->help);
    }
  }
  help += OptionEntries(command);
  if (!command.examples.empty()) {
    help += "\nExamples:\n";
    for (const std::string& line : command.examples) {
      help += line.empty() ? "\n" : "  " + line + '\n';
    }
  }
  if (!command.children.empty()) {
    help += StrCat("\n`", path, " COMMAND --help` tells more of a command.\n");
  }
  return help;
}

}  // namespace credential_broker::cli
