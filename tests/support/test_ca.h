#ifndef CREDENTIAL_BROKER_TESTS_SUPPORT_TEST_CA_H_
#define CREDENTIAL_BROKER_TESTS_SUPPORT_TEST_CA_H_

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace credential_broker {

// A certificate and its private key.
struct PemIdentity {
  std::string certificate;
  std::string key;
};

// Has `context` show that certificate, with the intermediates that follow it.
void UseIdentity(SSL_CTX* context, const PemIdentity& identity);

struct TestCaOptions {
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
class TestCa {
 public:
  explicit TestCa(const std::string& name = "CA", const TestCaOptions& options = {});
  // Issued by `parent`.
  TestCa(const std::string& name, const TestCa& parent, const TestCaOptions& options = {});

  // Another certificate, issued by `parent`, of the same name and key.
  TestCa Renewed(const TestCa& parent) const;

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
  TestCaOptions options_;
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string pem_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_SUPPORT_TEST_CA_H_
