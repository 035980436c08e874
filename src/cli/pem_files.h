#ifndef CREDENTIAL_BROKER_CLI_PEM_FILES_H_
#define CREDENTIAL_BROKER_CLI_PEM_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "cli/connection.h"

namespace credential_broker::cli {

// What a client needs for TLS, read and checked: gRPC itself would only say that it cannot connect.
struct PemFiles {
  std::string authorities;
  std::string certificate;  // empty: none, and so is the key
  Secret key;
};

// Reads the files that `endpoint` names; the system's authorities where it names none. Fails naming
// the file that cannot be read, holds no PEM, or holds a key of another certificate.
absl::StatusOr<PemFiles> ReadPemFiles(const Endpoint& endpoint);

// The content of a file that holds a token: without white space at its end, visible ASCII and no
// more than 64 KiB. Fails naming the file.
absl::StatusOr<Secret> ReadTokenFile(const std::string& path);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_PEM_FILES_H_
