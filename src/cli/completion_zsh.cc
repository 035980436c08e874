#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/completion.h"

namespace credential_broker::cli {
namespace {

// Inside single quotes, where _arguments and _describe read `:` and brackets as their own.
std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(
      text, {{"\\", "\\\\"}, {"'", "'\\''"}, {":", "\\:"}, {"[", "\\["}, {"]", "\\]"}});
}

std::string ValueSpec(const std::string& name, const std::vector<std::string>& choices,
                      bool is_file) {
  const std::string action =
      !choices.empty() ? "(" + absl::StrJoin(choices, " ") + ")" : (is_file ? "_files" : " ");
  return ":" + Escaped(name) + ":" + action;
}

std::string OptionSpecs(const Option& option) {
  std::string specs;
  for (const std::string& name : NamesOf(option)) {
    // A long name may be written with = before its value.
    const bool takes_value = !option.value_name.empty();
    specs += " \\\n      '" + name + (takes_value && name[1] == '-' ? "=" : "") + "[" +
             Escaped(option.help) + "]" +
             (takes_value ? ValueSpec(option.value_name, option.choices, option.is_file) : "") +
             "'";
  }
  return specs;
}

std::string Case(const std::string& path, const Command& command) {
  std::string text = "  '" + path + "')\n";
  if (!command.children.empty()) {
    text += "    subcommands=(";
    for (const Command& child : command.children) {
      text += "\n      '" + child.name + ":" + Escaped(child.summary) + "'";
    }
    return text + ")\n    _describe command subcommands ;;\n";
  }
  text += "    _arguments -S '--help[how it is used]'";
  for (const Option& option : command.options) {
    text += OptionSpecs(option);
  }
  for (const Positional& positional : command.positionals) {
    text +=
        " \\\n      '" + ValueSpec(positional.name, positional.choices, positional.is_file) + "'";
  }
  if (command.rest) {
    text += " \\\n      '*::" + Escaped(command.rest->name) + ":_normal'";
  }
  return text + " ;;\n";
}

constexpr char kZshScript[] = R"(#compdef NAME
FUNCTION() {
  local subcommand='' word
  local -a subcommands
  local -i i depth=0
  for ((i = 2; i < CURRENT; i++)); do
    word=${words[i]}
    case "$subcommand $word" in
    PATHS) subcommand+=" $word"; depth=$((i - 1)) ;;
    esac
  done
  # _arguments takes the first word for the command.
  shift $depth words
  ((CURRENT -= depth))
  case "$subcommand" in
CASES  esac
}
if [[ $funcstack[1] == FUNCTION ]]; then
  FUNCTION "$@"
else
  compdef FUNCTION NAME
fi
)";

}  // namespace

std::string ZshCompletion(const Command& root) {
  std::vector<std::string> paths;
  std::string cases = Case("", root);
  ForEachCommand(root, [&](const std::vector<std::string>& names, const Command& command) {
    const std::string path = " " + absl::StrJoin(names, " ");
    paths.push_back("'" + path + "'");
    cases += Case(path, command);
  });
  return absl::StrReplaceAll(kZshScript, {{"FUNCTION", "_" + root.name},
                                          {"NAME", root.name},
                                          {"PATHS", absl::StrJoin(paths, "|")},
                                          {"CASES", cases}});
}

}  // namespace credential_broker::cli
