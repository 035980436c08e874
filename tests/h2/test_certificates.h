#ifndef CREDENTIAL_BROKER_TESTS_H2_TEST_CERTIFICATES_H_
#define CREDENTIAL_BROKER_TESTS_H2_TEST_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace credential_broker::h2 {

struct PemIdentity {
  std::string certificate;
  std::string key;
};

struct AuthorityOptions {
  std::string key_usage = "critical,keyCertSign,cRLSign";  // as OpenSSL writes it; empty: none
  // Has a subjectKeyIdentifier, and what it issues an authorityKeyIdentifier with that.
  bool key_id = true;
  bool version_1 = false;  // without any extension
  bool forged = false;     // signed by its own key in place of its parent's
  int days = 2;            // until it expires
};

struct CrlOptions {
  absl::Duration issued = -absl::Hours(24);  // lastUpdate, from now
  int number = 0;                            // crlNumber; 0: none
  bool key_id = true;                        // has an authorityKeyIdentifier, if the CA has one
  bool delta = false;
  bool indirect = false;
  bool some_reasons = false;
  bool unknown_critical = false;  // has a critical extension that is not known
};

// A throw-away CA.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "CA", const AuthorityOptions& options = {});
  // Issued by `parent`.
  TestAuthority(const std::string& name, const TestAuthority& parent,
                const AuthorityOptions& options = {});

  // Another certificate, issued by `parent`, of the same name and key.
  TestAuthority Renewed(const TestAuthority& parent) const;

  const std::string& pem() const { return pem_; }
  // `sans` as OpenSSL writes them: "DNS:a,URI:spiffe://x/y"; empty: none. `days`: until it expires;
  // `valid_in`: until it begins to be valid.
  PemIdentity Issue(const std::string& sans, int days = 1,
                    absl::Duration valid_in = -absl::Hours(48)) const;
  // Its authorityKeyIdentifier names this certificate of the CA, by issuer and serial number.
  PemIdentity IssueBySerial(const std::string& sans) const;
  // A CRL that revokes these certificates, PEM texts. `valid_for`: until its nextUpdate.
  std::string Crl(const std::vector<std::string>& revoked,
                  absl::Duration valid_for = absl::Hours(1), const CrlOptions& options = {}) const;

 private:
  void Sign(X509& issuer, EVP_PKEY& key);
  PemIdentity IssueWith(const std::string& sans, const std::string& key_id, int days,
                        absl::Duration valid_in) const;

  std::string name_;
  AuthorityOptions options_;
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string pem_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_TESTS_H2_TEST_CERTIFICATES_H_
