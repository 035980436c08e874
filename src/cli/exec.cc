#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/fetch_token.h"
#include "cli/output.h"
#include "cli/token_format.h"

namespace credential_broker::cli {
namespace {

struct ExecOptions {
  TokenOptions token;
  std::string variable = kTokenVariable;
  std::vector<std::string> words;
};

// Becomes the command, so that signals and the exit status are its own. Returns only on failure.
int Become(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) {
    arguments.push_back(const_cast<char*>(word.c_str()));  // execvp writes to none of them
  }
  arguments.push_back(nullptr);
  execvp(arguments.front(), arguments.data());
  PrintError(StrCat("cannot run ", words.front(), ": ", std::generic_category().message(errno)));
  return kExitLocalError;
}

int RunExec(const ExecOptions& options) {
  // Fetched in a function that ends the channel and its threads before the process becomes another.
  const std::variant<FetchedToken, int> fetched = FetchToken(options.token);
  if (const int* exit_code = std::get_if<int>(&fetched)) {
    return *exit_code;
  }
  std::string value(std::get<FetchedToken>(fetched).value.Reveal());
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the channel and its threads are gone
  const bool set = setenv(options.variable.c_str(), value.c_str(), 1) == 0;
  Wipe(value.data(), value.size());
  if (!set) {
    PrintError(
        StrCat("cannot set ", options.variable, ": ", std::generic_category().message(errno)));
    return kExitLocalError;
  }
  return Become(options.words);
}

Assign IntoVariableName(std::string& target) {
  return [&target](std::string_view text, Origin) {
    const bool good = !text.empty() &&
                      !absl::ascii_isdigit(static_cast<unsigned char>(text.front())) &&
                      std::all_of(text.begin(), text.end(), [](char c) {
                        return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
                      });
    if (!good) {
      return absl::InvalidArgumentError(
          StrCat("\"", text, "\" is no name of a variable; letters, digits and _ make one"));
    }
    target = std::string(text);
    return absl::OkStatus();
  };
}

}  // namespace

void AddExec(Command& root) {
  auto options = std::make_shared<ExecOptions>();
  Command& command = root.Add("exec", "Runs a command with an access token in its environment");
  command.details =
      "The command takes the place of this process: signals reach it, and its exit status is\n"
      "what you get. Before it runs, the exit codes are those of every command here: 1 for an\n"
      "error on this side (the command not found among them), 2 for one of the broker, 4 for\n"
      "not allowed. The token is not renewed while the command runs; core files stay off in it.";
  command.examples = {
      "credential-broker exec --plaintext -- ./report.py --month 2024-05",
      "credential-broker exec --env TOKEN --min-validity 2m -- \\",
      "    sh -c 'printf \"Authorization: Bearer %s\" \"$TOKEN\" | curl -H @- https://…/users/'"};
  command.options.push_back(
      {.names = "--env",
       .value_name = "VAR",
       .help = StrCat("variable that holds the token; default ", kTokenVariable),
       .assign = IntoVariableName(options->variable)});
  AddTokenOptions(command, options->token);
  AddConnectionOptions(command, options->token.connection);
  command.rest = Rest{
      .name = "CMD...",
      .help = "the command and its arguments",
      .assign = [options](std::vector<std::string> words) { options->words = std::move(words); }};
  command.run = [options] { return RunExec(*options); };
}

}  // namespace credential_broker::cli
