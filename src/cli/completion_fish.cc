#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/completion.h"

namespace credential_broker::cli {
namespace {

std::string Quoted(const std::string& text) {
  return "'" + absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}) + "'";
}

// The beginning of every rule: of this program, where the command line has come to `path`.
std::string Rule(const Command& root, const std::string& path) {
  return "complete -c " + root.name + " -n 'test (FUNCTION) = \"" + path + "\"'";
}

std::string OptionRule(const std::string& rule, const Option& option) {
  std::string line = rule;
  for (const std::string& name : NamesOf(option)) {
    line += name[1] == '-' ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.choices.empty()) {
    line += " -x -a " + Quoted(absl::StrJoin(option.choices, " "));
  } else if (option.is_file) {
    line += " -r -F";
  } else if (!option.value_name.empty()) {
    line += " -x";
  }
  return line + " -d " + Quoted(option.help) + "\n";
}

std::string Rules(const Command& root, const std::string& path, const Command& command) {
  const std::string rule = Rule(root, path);
  std::string lines;
  for (const Command& child : command.children) {
    lines += rule + " -a " + child.name + " -d " + Quoted(child.summary) + "\n";
  }
  for (const Option& option : command.options) {
    lines += OptionRule(rule, option);
  }
  for (const Positional& positional : command.positionals) {
    if (!positional.choices.empty()) {
      lines += rule + " -a " + Quoted(absl::StrJoin(positional.choices, " ")) + "\n";
    } else if (positional.is_file) {
      lines += rule + " -F\n";
    }
  }
  if (command.rest) {
    lines += rule + " -F\n";
  }
  return lines + rule + " -l help -d 'how it is used'\n";
}

constexpr char kFishScript[] = R"(# fish completion for NAME
function FUNCTION
    set -l path ''
    for word in (commandline -opc)[2..-1]
        switch "$path $word"
            case PATHS
                set path "$path $word"
        end
    end
    echo $path
end
complete -c NAME -f
)";

}  // namespace

std::string FishCompletion(const Command& root) {
  std::vector<std::string> paths;
  std::string rules = Rules(root, "", root);
  ForEachCommand(root, [&](const std::vector<std::string>& names, const Command& command) {
    const std::string path = " " + absl::StrJoin(names, " ");
    paths.push_back(Quoted(path));
    rules += Rules(root, path, command);
  });
  return absl::StrReplaceAll(
      kFishScript + rules,
      {{"FUNCTION", "__" + absl::StrReplaceAll(root.name, {{"-", "_"}}) + "_path"},
       {"NAME", root.name},
       {"PATHS", absl::StrJoin(paths, " ")}});
}

}  // namespace credential_broker::cli
