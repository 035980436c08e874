#ifndef CREDENTIAL_BROKER_CLI_HARDENING_H_
#define CREDENTIAL_BROKER_CLI_HARDENING_H_

#include "absl/status/status.h"

namespace credential_broker::cli {

// What every command that touches a secret does first, `serve` included: all three below.
absl::Status GuardSecrets();

// No core file (RLIMIT_CORE 0, hard limit too) and no tracing by other processes of the same user
// (PR_SET_DUMPABLE 0). The limit is inherited by what exec starts; the other is not.
absl::Status HardenProcess();

// Fails, naming the variable, where the environment makes grpc++ print messages and metadata, which
// hold tokens: GRPC_TRACE, or GRPC_VERBOSITY=debug.
absl::Status CheckLoggingEnvironment();

// Has protobuf log nothing. It writes to standard error on the calling thread when a string of a
// message is not UTF-8: any client could make an event loop wait for the reader of the log.
void SilenceProtobuf();

// Opens /dev/null in place of a closed standard descriptor, the wrong way round, so that using it
// stays the error it was. Else the next socket would take the number, and a token meant for
// standard output go there. Opened close-on-exec: a program that exec starts finds them closed as
// before.
absl::Status FillStandardDescriptors();

// Allows this process as many open files as whoever started it allows at all: a connection is one,
// and the usual 1024 are fewer than server.max_connections. Where it cannot, nothing changes.
void RaiseDescriptorLimit();

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_HARDENING_H_
