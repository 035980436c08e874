#include "identity/bearer_token.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "core/reason.h"
#include "core/strings.h"
#include "upstream/json_fields.h"
#include "upstream/jwt.h"

namespace credential_broker::identity {
namespace {

absl::Status Unauthenticated(std::string_view message) {
  return MakeError(Reason::kCallerUnauthenticated, message);
}

absl::Status NoServiceAccountToken() {
  return Unauthenticated(
      "the bearer token is no ServiceAccount token (a signed JWT); send the one that Kubernetes "
      "projects into the pod, or none");
}

bool IsBase64Url(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

}  // namespace

absl::StatusOr<std::string_view> BearerTokenIn(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (!absl::StartsWithIgnoreCase(ToAbsl(authorization), ToAbsl(kScheme))) {
    return Unauthenticated(
        "the authorization metadata is not \"Bearer TOKEN\"; send that, or none");
  }
  const std::string_view token =
      ToStd(absl::StripAsciiWhitespace(ToAbsl(authorization.substr(kScheme.size()))));
  if (token.empty()) {
    return Unauthenticated("the bearer token is empty; send a ServiceAccount token, or none");
  }
  if (token.size() > kLargestBearerToken) {
    return Unauthenticated(StrCat("the bearer token is larger than ", kLargestBearerToken,
                                  " bytes; send a ServiceAccount token"));
  }
  return token;
}

absl::StatusOr<TokenClaims> ReadTokenClaims(std::string_view token) {
  const std::vector<absl::string_view> parts = absl::StrSplit(ToAbsl(token), '.');
  if (parts.size() != 3 || !std::all_of(parts.begin(), parts.end(), IsBase64Url)) {
    return NoServiceAccountToken();
  }
  std::string payload;
  upstream::JsonField issuer;
  if (!absl::WebSafeBase64Unescape(parts[1], &payload) ||
      !upstream::ReadJsonFields(payload, {{"iss", &issuer}}).ok() ||
      issuer.kind != upstream::JsonField::Kind::kString) {
    return NoServiceAccountToken();
  }
  return TokenClaims{.expires_at = upstream::JwtExpiry(token)};
}

}  // namespace credential_broker::identity
