#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "cli/completion.h"

namespace credential_broker::cli {
namespace {

// $path in the script is "", " token", " token print" and so on.
std::string PathText(const std::vector<std::string>& path) {
  return " " + absl::StrJoin(path, " ");
}

// ' token print -o'|' token print --output'
std::string PatternOf(const std::string& path, const Option& option) {
  return absl::StrJoin(NamesOf(option), "|", [&](std::string* out, const std::string& name) {
    *out += "'" + path + " " + name + "'";
  });
}

std::string WordsAction(const std::vector<std::string>& words) {
  return "mapfile -t COMPREPLY < <(compgen -W '" + absl::StrJoin(words, " ") + "' -- \"$cur\")";
}

constexpr char kFilesAction[] =
    "compopt -o filenames 2> /dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";

// What follows a flag that takes a value.
std::string ValueCases(const std::string& path, const Command& command) {
  std::string cases;
  for (const Option& option : command.options) {
    if (option.value_name.empty()) {
      continue;
    }
    cases += "    " + PatternOf(path, option) + ")\n      ";
    if (!option.choices.empty()) {
      cases += WordsAction(option.choices) + "\n      ";
    } else if (option.is_file) {
      cases += std::string(kFilesAction) + "\n      ";
    }
    cases += "return ;;\n";
  }
  return cases;
}

std::string WordCase(const std::string& path, const Command& command) {
  std::vector<std::string> words;
  for (const Command& child : command.children) {
    words.push_back(child.name);
  }
  std::string files;
  for (const Positional& positional : command.positionals) {
    words.insert(words.end(), positional.choices.begin(), positional.choices.end());
    if (positional.is_file) {
      files = "      [[ $cur == -* ]] || { " + std::string(kFilesAction) + "; return; }\n";
    }
  }
  for (const Option& option : command.options) {
    const std::vector<std::string> names = NamesOf(option);
    words.insert(words.end(), names.begin(), names.end());
  }
  words.emplace_back("--help");
  return "    '" + path + "')\n" + files + "      " + WordsAction(words) + " ;;\n";
}

constexpr char kBashScript[] = R"(# bash completion for NAME
FUNCTION() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} path='' word i
  COMPREPLY=()
  # bash makes --flag=value three words.
  [[ $cur == = ]] && cur=''
  [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == -- ]]; then
      if ((i == COMP_CWORD - 1)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$cur")
      else
        compopt -o filenames 2> /dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      fi
      return
    fi
    case "$path $word" in
    PATHS) path+=" $word" ;;
    esac
  done
  case "$path $prev" in
VALUES    esac
  case "$path" in
WORDS    esac
}
complete -F FUNCTION NAME
)";

}  // namespace

std::string BashCompletion(const Command& root) {
  std::vector<std::string> paths;
  std::string values = ValueCases("", root);
  std::string words = WordCase("", root);
  ForEachCommand(root, [&](const std::vector<std::string>& names, const Command& command) {
    const std::string path = PathText(names);
    paths.push_back("'" + path + "'");
    values += ValueCases(path, command);
    words += WordCase(path, command);
  });
  return absl::StrReplaceAll(kBashScript,
                             {{"FUNCTION", "_" + absl::StrReplaceAll(root.name, {{"-", "_"}})},
                              {"NAME", root.name},
                              {"PATHS", absl::StrJoin(paths, "|")},
                              {"VALUES  ", values},
                              {"WORDS  ", words}});
}

}  // namespace credential_broker::cli
