#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/fetch_token.h"
#include "cli/output.h"
#include "cli/token_format.h"

namespace credential_broker::cli {
namespace {

struct PrintOptions {
  TokenOptions token;
  std::string format = "value";
};

int RunTokenPrint(const PrintOptions& options) {
  const std::variant<FetchedToken, int> fetched = FetchToken(options.token);
  if (const int* exit_code = std::get_if<int>(&fetched)) {
    return *exit_code;
  }
  return Print(FormatToken(std::get<FetchedToken>(fetched), options.format).Reveal());
}

}  // namespace

void AddTokenPrint(Command& root) {
  auto options = std::make_shared<PrintOptions>();
  Command* group = root.Find("token");
  if (group == nullptr) {
    group = &root.Add("token", "Fetches access tokens from a broker");
  }
  Command& command = group->Add("print", "Prints an access token");
  command.details =
      "The token goes to standard output and is a secret: keep it out of logs and of the\n"
      "arguments of other programs, where every user of the machine can read it.";
  command.examples = {"# curl reads the header from a file, so that no list of processes shows it",
                      "curl --header @<(credential-broker token print -o header --plaintext) \\",
                      "    https://api.sandbox.investsuite.com/users/",
                      "",
                      "# Into the environment of this shell",
                      "eval \"$(credential-broker token print -o env)\"",
                      "",
                      "# InvestSuite has just refused the token of version V: another one, please",
                      "credential-broker token print --rejected-version V"};
  command.options.push_back({.names = "-o,--output",
                             .value_name = "FORMAT",
                             .help = "default value",
                             .choices = TokenFormats(),
                             .assign = Into(options->format)});
  AddTokenOptions(command, options->token);
  command.options.push_back({.names = "--rejected-version",
                             .value_name = "VERSION",
                             .help = "version of the token that InvestSuite has just refused; "
                                     "`-o json` shows it",
                             .assign = Into(options->token.request.rejected_version)});
  AddConnectionOptions(command, options->token.connection);
  command.run = [options] { return RunTokenPrint(*options); };
}

}  // namespace credential_broker::cli
