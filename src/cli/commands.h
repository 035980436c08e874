#ifndef CREDENTIAL_BROKER_CLI_COMMANDS_H_
#define CREDENTIAL_BROKER_CLI_COMMANDS_H_

#include "cli/command.h"

namespace credential_broker::cli {

// Whether this build has the sandbox, which `sandbox` and `serve --dev` need. The build option
// CREDENTIAL_BROKER_SANDBOX decides which files define this, AddSandbox and DevMode::Start:
// sandbox.cc and dev_mode.cc, or without_sandbox.cc.
extern const bool kHasSandbox;

// Each adds one subcommand, which stands in the file of its name, to `root`.
void AddServe(Command& root);
void AddCheckConfig(Command& root);
void AddHealth(Command& root);
void AddTokenPrint(Command& root);
void AddTokenWatch(Command& root);
void AddExec(Command& root);
void AddCredentialsList(Command& root);
void AddCredentialsRefresh(Command& root);
void AddSandbox(Command& root);
void AddVersion(Command& root);
void AddCompletion(Command& root);  // completes what `root` holds when it runs

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_COMMANDS_H_
