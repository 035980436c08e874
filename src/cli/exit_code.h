#ifndef CREDENTIAL_BROKER_CLI_EXIT_CODE_H_
#define CREDENTIAL_BROKER_CLI_EXIT_CODE_H_

namespace credential_broker::cli {

// What every subcommand ends with: part of the contract with scripts. `exec` ends with the status
// of its command once that runs.
inline constexpr int kExitOk = 0;
inline constexpr int kExitLocalError = 1;  // usage, configuration, a file, standard output
inline constexpr int kExitBrokerError =
    2;  // the broker answered with an error or could not be reached
inline constexpr int kExitNotAllowed = 4;  // not authenticated, or not allowed

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_EXIT_CODE_H_
