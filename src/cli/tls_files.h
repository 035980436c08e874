#ifndef CREDENTIAL_BROKER_CLI_TLS_FILES_H_
#define CREDENTIAL_BROKER_CLI_TLS_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config/broker_config.h"
#include "h2/tls_identity.h"

namespace credential_broker::cli {

// The PEM files of a listener, read whole. Fails naming the file that cannot be read, is empty or
// is larger than 1 MiB; whether they fit together is the listener's to say.
absl::StatusOr<h2::TlsIdentity> ReadTlsFiles(const config::TlsFiles& files);

// The same for the same identity, and for no other.
std::string DigestOf(const h2::TlsIdentity& identity);

// An error of the listener about the identity in `files`, with their names.
absl::Status WithNamesOf(const config::TlsFiles& files, const absl::Status& error);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_TLS_FILES_H_
