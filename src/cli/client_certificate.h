#ifndef CREDENTIAL_BROKER_CLI_CLIENT_CERTIFICATE_H_
#define CREDENTIAL_BROKER_CLI_CLIENT_CERTIFICATE_H_

#include "cli/connection.h"

namespace credential_broker::cli {

// Whether the server at `endpoint` ends TLS because it wants a client certificate, or another one
// than `endpoint` has. gRPC cannot tell: in TLS 1.3 that alert comes after the client's handshake,
// and gRPC says no more than that the connection was closed. So this connects once more and reads
// the alert; a few seconds at the longest. False where it is not known.
bool RefusesClientCertificate(const Endpoint& endpoint);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_CLIENT_CERTIFICATE_H_
