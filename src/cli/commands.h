#ifndef CREDENTIAL_BROKER_CLI_COMMANDS_H_
#define CREDENTIAL_BROKER_CLI_COMMANDS_H_

#include "cli/command.h"

namespace credential_broker::cli {

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
