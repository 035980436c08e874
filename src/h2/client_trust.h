#ifndef CREDENTIAL_BROKER_H2_CLIENT_TRUST_H_
#define CREDENTIAL_BROKER_H2_CLIENT_TRUST_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/certificate_scope.h"
#include "h2/client_crls.h"
#include "h2/openssl.h"
#include "h2/tls_identity.h"

namespace credential_broker::h2 {

// Replaces `first` if `certificate` expires before it, or if there is none yet.
void KeepFirstToExpire(const X509* certificate, std::optional<CertificateValidity>& first);

// What client certificates are verified against: the client CAs, the names that each may issue
// certificates for, and the CRLs. Belongs to the X509_STORE of an SSL_CTX and lives as long as it.
// Immutable, thread-safe.
//
// Revocation is checked for every certificate below the CA that ends the chain, as far as the file
// has a CRL of its issuer's key. An issuer without one is not checked, so that a CA without
// revocation may be used beside another. A CRL that has expired, or that cannot be verified or
// used, refuses the certificates of its issuer. Client CAs are trusted because the configuration
// names them: no CRL revokes them.
class ClientTrust {
 public:
  // Makes `context` require a client certificate of one of the CAs. INVALID_ARGUMENT: a PEM that
  // cannot be read, a certificate that is not a CA, the key of one CA in two ClientAuthority, or a
  // CRL that ReadClientCrls refuses.
  static absl::Status Install(SSL_CTX& context, const TlsIdentity& identity);

  // Null: `context` asks for no client certificate.
  static const ClientTrust* Of(const SSL_CTX& context);

  // The scope of the CA that decides about a verified chain: the first from the leaf upwards that
  // has the key of a client CA, whichever of its certificates the client has sent. Null: any name.
  std::shared_ptr<const CertificateScope> ScopeOf(const STACK_OF(X509) * chain) const;

  // Verifies the certificate that `ssl` was opened with as of now. Returns the scope of its CA, as
  // ScopeOf; fails when a handshake would fail now for any reason but a CRL that has expired.
  absl::StatusOr<std::shared_ptr<const CertificateScope>> Verify(const SSL& ssl) const;

  // About how long Verify takes. Each verifies the signatures of the CRLs that it needs.
  absl::Duration verify_cost() const;

  const ClientTrustReport& report() const { return report_; }

  // Returns the validity of the client CA that expires first.
  std::optional<CertificateValidity> first_to_expire() const;

 private:
  explicit ClientTrust(X509_STORE& store) : store_(store) {}

  static int StoreIndex();
  // Verifies in place of X509_verify_cert where there are CRLs. `on_error`: OnVerify or
  // OnVerifyOpen.
  static bool VerifyWithCrls(X509_STORE_CTX& verification, X509_STORE_CTX_verify_cb on_error);
  static int OnVerify(int ok, X509_STORE_CTX* verification);
  // For connections that are open: they live on when a CRL expires, unless it revokes them.
  static int OnVerifyOpen(int ok, X509_STORE_CTX* verification);

  absl::Status AddAuthority(SSL_CTX& context, std::string_view what, std::string_view pem,
                            const std::shared_ptr<const CertificateScope>& scope,
                            std::size_t entry);
  absl::Status AddCrls(std::string_view pem);
  // Whether a CRL is signed by the key of `issuer`, or may be: no client CA has signed it, and it
  // has the issuer's name.
  bool HasCrlOf(const X509& issuer) const;

  struct Authority {
    X509Ptr certificate;
    std::shared_ptr<const CertificateScope> scope;
    std::size_t entry;
  };

  X509_STORE& store_;  // owns this object
  bool allow_pinned_client_ = false;
  std::vector<Authority> authorities_;
  std::vector<ClientCrl> crls_;
  std::size_t crl_size_ = 0;  // of their PEM
  ClientTrustReport report_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_CLIENT_TRUST_H_
