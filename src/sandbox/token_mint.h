#ifndef CREDENTIAL_BROKER_SANDBOX_TOKEN_MINT_H_
#define CREDENTIAL_BROKER_SANDBOX_TOKEN_MINT_H_

#include <string>

#include "absl/time/time.h"
#include "sandbox/faults.h"

namespace credential_broker::sandbox {

// What an access token says of itself.
struct Claims {
  std::string subject;
  absl::Time issued;
  absl::Time expires;
};

// Makes tokens, no two alike. Its tokens guard nothing: they are kept in plain strings here, unlike
// in the broker. Immutable, thread-safe.
class TokenMint {
 public:
  // With a throw-away HS256 key of its own.
  TokenMint();

  std::string AccessToken(TokenFormat format, const Claims& claims) const;

  // An opaque one, of the characters of RFC 6750's b64token.
  static std::string Opaque();

 private:
  std::string key_;
};

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_TOKEN_MINT_H_
