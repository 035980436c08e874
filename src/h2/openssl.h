#ifndef CREDENTIAL_BROKER_H2_OPENSSL_H_
#define CREDENTIAL_BROKER_H2_OPENSSL_H_

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace credential_broker::h2 {

template <auto Free>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, OpensslDeleter<SSL_free>>;
using X509CrlPtr = std::unique_ptr<X509_CRL, OpensslDeleter<X509_CRL_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;

// Clears OpenSSL's errors of this thread; returns the text of the last.
std::string TakeOpensslError();

// A passphrase callback that gives none: OpenSSL would ask for one on the terminal.
int NoPassphrase(char* buffer, int size, int writing, void* data);

// Reads `text`, which outlives the result.
BioPtr MemoryReader(std::string_view text);

// Returns all certificates of `pem`, at least one. `what` begins the error message.
absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(std::string_view what, std::string_view pem);

// Returns all certificate revocation lists of `pem`, at least one.
absl::StatusOr<std::vector<X509CrlPtr>> ReadCrls(std::string_view what, std::string_view pem);

// False also where a key cannot be decoded.
bool HaveSameKey(const X509* a, const X509* b);

// How far in the future a certificate or CRL that has just been issued may begin to be valid: its
// CA's clock may be ahead of this machine's.
inline constexpr absl::Duration kMaxClockSkew = absl::Minutes(5);

// InfiniteFuture when `time` cannot be read.
absl::Time ToTime(const ASN1_TIME* time);

// The subject for people, on one line of printable ASCII: "O = Example, CN = CA".
std::string NameText(const X509_NAME* name);

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_OPENSSL_H_
