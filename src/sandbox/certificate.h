#ifndef CREDENTIAL_BROKER_SANDBOX_CERTIFICATE_H_
#define CREDENTIAL_BROKER_SANDBOX_CERTIFICATE_H_

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace credential_broker::sandbox {

struct OpensslFree {
  void operator()(SSL_CTX* object) const;
  void operator()(SSL* object) const;
  void operator()(X509* object) const;
  void operator()(EVP_PKEY* object) const;
};
using SslContextPtr = std::unique_ptr<SSL_CTX, OpensslFree>;
using SslPtr = std::unique_ptr<SSL, OpensslFree>;

// A server certificate of a CA that was made for it alone and whose key is gone.
struct Certificate {
  std::string ca_pem;
  SslContextPtr context;  // of a server, TLS 1.2 or later
};

// `names`: DNS names and IP addresses that the certificate is good for. EC P-256, one year.
absl::StatusOr<Certificate> MakeCertificate(const std::vector<std::string>& names);

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_CERTIFICATE_H_
