#ifndef CREDENTIAL_BROKER_CLI_OUTPUT_H_
#define CREDENTIAL_BROKER_CLI_OUTPUT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace credential_broker::cli {

// Writes `text`, which was asked for, to standard output. Returns the exit code: kExitOk, or after
// saying so on standard error kExitLocalError where not all of it could be written (a full disk, a
// closed pipe).
int Print(std::string_view text);

// Writes "error: MESSAGE" and a line feed to standard error. Line feeds inside are kept; other
// control characters, which could play tricks on a terminal, become '?'.
void PrintError(std::string_view message);

// The same with "hint: ", and with nothing in front.
void PrintHint(std::string_view message);
void PrintNote(std::string_view message);

// A local error: prints its message and returns kExitLocalError.
int FailLocally(const absl::Status& status);

// `text` with control characters replaced by '?', line feeds too.
std::string Printable(std::string_view text);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_OUTPUT_H_
