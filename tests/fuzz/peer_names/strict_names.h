#ifndef CREDENTIAL_BROKER_TESTS_FUZZ_PEER_NAMES_STRICT_NAMES_H_
#define CREDENTIAL_BROKER_TESTS_FUZZ_PEER_NAMES_STRICT_NAMES_H_

#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <vector>

namespace credential_broker::h2 {

// The subjectAltName of a certificate as a second reader sees it, which reads DER (X.690) by hand.
struct StrictNames {
  enum class Kind {
    kNone,    // there is no such extension, or more than one
    kSimple,  // DER that holds e-mail addresses, DNS names and URIs only
    kOthers,  // DER that holds names of other types, which may be malformed, too
    kNotDer,  // anything else
  };
  Kind kind = Kind::kNone;
  std::vector<std::string> uris;
  std::vector<std::string> dns_names;

  static StrictNames Read(const X509& certificate);
};

// Returns whether `text` is a SPIFFE ID (SPIFFE-ID sections 2.1 to 2.3).
bool IsStrictSpiffeId(std::string_view text);

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_TESTS_FUZZ_PEER_NAMES_STRICT_NAMES_H_
