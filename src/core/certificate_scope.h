#ifndef CREDENTIAL_BROKER_CORE_CERTIFICATE_SCOPE_H_
#define CREDENTIAL_BROKER_CORE_CERTIFICATE_SCOPE_H_

#include <string>
#include <string_view>
#include <vector>

namespace credential_broker {

struct Peer;

// The names that a client CA may issue certificates for. Immutable once it is shared.
struct CertificateScope {
  std::vector<std::string> trust_domains;  // of SPIFFE IDs
  bool dns = false;                        // names in DNS SANs

  bool operator==(const CertificateScope& other) const = default;

  // Returns whether a certificate with the names of `peer` stays within the scope: the trust domain
  // of its URI SAN is listed, or it has no URI SAN and `dns` is set.
  bool Covers(const Peer& peer) const;
};

// Returns "prod" for "spiffe://prod/ns/orders"; empty when `uri` is not a SPIFFE ID. Compares as
// the ID does, byte by byte: a port, a user or upper case makes another trust domain.
std::string_view TrustDomainOf(std::string_view uri);

// Returns whether `text` can be a SPIFFE trust domain: 1 to 255 characters of a-z, 0-9, '.', '-'
// and '_' (SPIFFE-ID section 2.1).
bool IsTrustDomain(std::string_view text);

// Returns whether `text` is a SPIFFE ID: "spiffe://", a trust domain and a path of segments of
// a-z, A-Z, 0-9, '.', '-' and '_', none of them empty, "." or ".."; at most 2048 bytes (SPIFFE-ID
// sections 2.1 to 2.3). Any other URI could be another spelling of a name that a rule is about.
bool IsSpiffeId(std::string_view text);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_CERTIFICATE_SCOPE_H_
