#include "cli/completion.h"

#include <memory>
#include <utility>

#include "absl/strings/str_split.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace credential_broker::cli {
namespace {

void Visit(std::vector<std::string>& path, const Command& command,
           const std::function<void(const std::vector<std::string>&, const Command&)>& visit) {
  for (const Command& child : command.children) {
    path.push_back(child.name);
    visit(path, child);
    Visit(path, child, visit);
    path.pop_back();
  }
}

std::string Script(const Command& root, const std::string& shell) {
  if (shell == "zsh") {
    return ZshCompletion(root);
  }
  return shell == "fish" ? FishCompletion(root) : BashCompletion(root);
}

}  // namespace

void ForEachCommand(
    const Command& root,
    const std::function<void(const std::vector<std::string>& path, const Command&)>& visit) {
  std::vector<std::string> path;
  Visit(path, root, visit);
}

std::vector<std::string> NamesOf(const Option& option) { return absl::StrSplit(option.names, ','); }

void AddCompletion(Command& root) {
  auto shell = std::make_shared<std::string>();
  Command& command = root.Add("completion", "Prints a script that completes commands in a shell");
  command.examples = {
      "# bash, for this shell; in ~/.bashrc for every one",
      "source <(credential-broker completion bash)",
      "",
      "# zsh, in ~/.zshrc after compinit",
      "source <(credential-broker completion zsh)",
      "",
      "# fish",
      "credential-broker completion fish > ~/.config/fish/completions/credential-broker.fish"};
  command.positionals.push_back({.name = "SHELL",
                                 .help = "one of",
                                 .choices = {"bash", "zsh", "fish"},
                                 .assign = Into(*shell)});
  command.run = [&root, shell] { return Print(Script(root, *shell)); };
}

}  // namespace credential_broker::cli
