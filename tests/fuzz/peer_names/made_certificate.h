#ifndef CREDENTIAL_BROKER_TESTS_FUZZ_PEER_NAMES_MADE_CERTIFICATE_H_
#define CREDENTIAL_BROKER_TESTS_FUZZ_PEER_NAMES_MADE_CERTIFICATE_H_

#include <string>
#include <string_view>

#include "h2/openssl.h"

namespace credential_broker::h2 {

// A CA that signs whatever it is given.
class CarelessAuthority {
 public:
  CarelessAuthority();

  const std::string& pem() const { return pem_; }
  // Of the certificates that it signs.
  EVP_PKEY* leaf_key() const { return leaf_key_.get(); }

  // A client certificate whose subjectAltName has that value, which may be no DER.
  X509Ptr IssueWithNames(std::string_view value) const;
  // A client certificate with those extensions: each is a byte that chooses its type, the two bytes
  // of its size, and its value.
  X509Ptr IssueWithExtensions(std::string_view extensions) const;
  // The certificate `der` with the key, and the name of the issuer, replaced. Null: it is none.
  X509Ptr SignAnew(std::string_view der) const;

 private:
  X509Ptr NewCertificate(const char* name, EVP_PKEY* key) const;
  X509Ptr Sign(X509Ptr certificate) const;

  PkeyPtr key_;
  PkeyPtr leaf_key_;
  X509Ptr certificate_;
  std::string pem_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_TESTS_FUZZ_PEER_NAMES_MADE_CERTIFICATE_H_
