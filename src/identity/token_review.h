#ifndef CREDENTIAL_BROKER_IDENTITY_TOKEN_REVIEW_H_
#define CREDENTIAL_BROKER_IDENTITY_TOKEN_REVIEW_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "upstream/wiped_buffer.h"

namespace credential_broker::identity {

// The body of POST /apis/authentication.k8s.io/v1/tokenreviews: whose is `token`, and is it meant
// for `audience`? `token` is base64url and dots. Pure.
upstream::WipedBuffer TokenReviewRequest(std::string_view token, std::string_view audience);

// The principal `system:serviceaccount:NS:NAME` that the API server's answer names.
//
// Fails with CALLER_UNAUTHENTICATED where it says that the token is not good, does not say that it
// is meant for `audience` (an API server or webhook that does not know audiences names none, and
// must not be taken to mean ours), or names another kind of user; with INVALID_ARGUMENT where the
// answer cannot be understood. The error holds no byte of `body`, which repeats the token. Pure.
absl::StatusOr<std::string> PrincipalInReview(std::string_view body, std::string_view audience);

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_TOKEN_REVIEW_H_
