#ifndef CREDENTIAL_BROKER_IDENTITY_BEARER_TOKEN_H_
#define CREDENTIAL_BROKER_IDENTITY_BEARER_TOKEN_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace credential_broker::identity {

// The header list as a whole is no larger on our listeners; a ServiceAccount token has about 1 KiB.
constexpr std::size_t kLargestBearerToken = std::size_t{8} * 1024;

// The token in the value of an `authorization` header, a view into it. Fails with
// CALLER_UNAUTHENTICATED where that is not "Bearer TOKEN" (RFC 6750 section 2.1; the scheme in any
// case, RFC 9110 section 11.1), or the token is empty or larger than kLargestBearerToken. The error
// holds no byte of it. Pure.
absl::StatusOr<std::string_view> BearerTokenIn(std::string_view authorization);

// What a token says of itself. Nothing of it is verified.
struct TokenClaims {
  std::optional<absl::Time> expires_at;  // `exp`, by the issuer's clock
  std::string subject;                   // `sub`; empty where there is none
};

// Fails with CALLER_UNAUTHENTICATED where no API server could accept `token`: it is no signed JWT
// in compact form (RFC 7515 section 7.1), or names no issuer. So garbage costs no request. The
// error holds no byte of it. Pure.
absl::StatusOr<TokenClaims> ReadTokenClaims(std::string_view token);

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_BEARER_TOKEN_H_
