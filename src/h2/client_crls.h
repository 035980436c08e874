#ifndef CREDENTIAL_BROKER_H2_CLIENT_CRLS_H_
#define CREDENTIAL_BROKER_H2_CLIENT_CRLS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "h2/openssl.h"

namespace credential_broker::h2 {

struct ClientCrl {
  X509CrlPtr crl;
  // A client CA with the key that signed it. Null: no client CA has the issuer's name, as for an
  // intermediate that comes with each client's chain; handshakes verify the signature.
  const X509* signer;
};

struct ClientCrls {
  std::vector<ClientCrl> in_force;
  std::vector<std::string> superseded;  // the issuers of those that a newer one replaces
};

// Reads the CRLs of `pem`. Of several with the same issuer's key and the same
// issuingDistributionPoint only the newest is in force: OpenSSL would use an older one as soon as
// the newest has expired, and accept what that revokes.
//
// INVALID_ARGUMENT: a CRL that cannot be read, one that no client CA of its issuer's name signed,
// or one because of which every handshake with a certificate of its issuer would fail.
// `authorities`: the client CAs, whose extensions OpenSSL has read.
absl::StatusOr<ClientCrls> ReadClientCrls(std::string_view pem,
                                          const std::vector<X509*>& authorities);

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_CLIENT_CRLS_H_
