#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/parse.h"

int main(int argc, char** argv) {
  namespace cli = credential_broker::cli;
  cli::Command root = {
      .name = "credential-broker",
      .summary =
          "Keeps one InvestSuite session per credential alive and gives its token to callers."};
  if (cli::kHasSandbox) {
    root.examples = {"# The broker, and a token from it, with no files needed",
                     "credential-broker serve --dev", "credential-broker token print --plaintext"};
  }
  cli::AddServe(root);
  cli::AddCheckConfig(root);
  cli::AddHealth(root);
  cli::AddTokenPrint(root);
  cli::AddTokenWatch(root);
  cli::AddExec(root);
  cli::AddCredentialsList(root);
  cli::AddCredentialsRefresh(root);
  cli::AddSandbox(root);
  cli::AddVersion(root);
  cli::AddCompletion(root);
  return cli::ParseAndRun(root, std::vector<std::string>(argv + 1, argv + argc));
}
