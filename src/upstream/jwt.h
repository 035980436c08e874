#ifndef CREDENTIAL_BROKER_UPSTREAM_JWT_H_
#define CREDENTIAL_BROKER_UPSTREAM_JWT_H_

#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace credential_broker::upstream {

// The instant of the `exp` claim (RFC 7519 section 4.1.4) by the issuer's clock. The signature is
// not verified: the token came over verified TLS from its issuer, and we only plan by it. None:
// `token` is not a JWT, or says nothing usable of its end.
std::optional<absl::Time> JwtExpiry(std::string_view token);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_JWT_H_
