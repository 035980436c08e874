#ifndef CREDENTIAL_BROKER_TESTS_H2_TEST_CERTIFICATES_H_
#define CREDENTIAL_BROKER_TESTS_H2_TEST_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace credential_broker::h2 {

struct PemIdentity {
  std::string certificate;
  std::string key;
};

// A throw-away CA.
class TestAuthority {
 public:
  TestAuthority();

  const std::string& pem() const { return pem_; }
  // `sans` as OpenSSL writes them: "DNS:a,URI:spiffe://x/y"; empty: none. `days`: until it expires.
  PemIdentity Issue(const std::string& sans, int days = 1) const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string pem_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_TESTS_H2_TEST_CERTIFICATES_H_
