#ifndef CREDENTIAL_BROKER_H2_TLS_IDENTITY_H_
#define CREDENTIAL_BROKER_H2_TLS_IDENTITY_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/secret.h"
#include "core/certificate_scope.h"

namespace credential_broker::h2 {

// A CA that may issue client certificates for some names only.
struct ClientAuthority {
  std::string name;          // for error messages: its file
  std::string certificates;  // PEM
  CertificateScope scope;

  bool operator==(const ClientAuthority& other) const = default;
};

// PEM texts. The key stays in guarded memory until OpenSSL has read it.
struct TlsIdentity {
  std::string certificate_chain;
  Secret private_key;
  // CAs whose client certificates may have any name. Where there is neither this nor a
  // ClientAuthority, no client certificate is asked for; else one is required.
  std::string client_ca;
  std::vector<ClientAuthority> client_authorities = {};
  std::string client_crls = {};  // empty: revocation is not checked
  // A certificate in client_ca that is not a CA's is taken too, and trusted for itself alone; else
  // it is refused.
  bool allow_pinned_client = false;

  bool asks_for_certificate() const { return !client_ca.empty() || !client_authorities.empty(); }
};

// What operators should know of the client CAs and CRLs in force.
struct ClientTrustReport {
  struct Crl {
    absl::Time issued_at = absl::InfinitePast();
    // nextUpdate: from then on certificates of its issuer are refused.
    absl::Time expires_at = absl::InfinitePast();
  };
  // By issuer. Of several that are in force for one name (of two keys, or of two distribution
  // points) the one that expires first.
  std::map<std::string, Crl> crls;
  // Issuers of CRLs that are not used: the file has a newer one.
  std::vector<std::string> superseded_crls;
  // Subjects of client CAs whose certificates are not checked for revocation: no CRL is signed by
  // their key. Empty without CRLs.
  std::vector<std::string> authorities_without_crl;
};

// When a certificate is valid.
struct CertificateValidity {
  absl::Time not_before;
  absl::Time not_after;
};

// Of the certificates that a listener uses, those that expire first.
struct ExpiringCertificates {
  std::optional<CertificateValidity> server;     // of the chain that it sends; none: plaintext
  std::optional<CertificateValidity> client_ca;  // of its client CAs; none: it has none
};

// Checks `identity` as Server::Start and UpdateIdentity do.
absl::StatusOr<ClientTrustReport> CheckIdentity(const TlsIdentity& identity);

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_TLS_IDENTITY_H_
