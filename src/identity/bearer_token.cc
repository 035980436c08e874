#include "identity/bearer_token.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "identity/principal.h"
#include "upstream/json_fields.h"
#include "upstream/jwt.h"

namespace credential_broker::identity {
namespace {

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
  upstream::JsonField subject;
  if (!absl::WebSafeBase64Unescape(parts[1], &payload) ||
      !upstream::ReadJsonFields(payload, {{"iss", &issuer}, {"sub", &subject}}).ok() ||
      issuer.kind != upstream::JsonField::Kind::kString) {
    return NoServiceAccountToken();
  }
  TokenClaims claims;
  claims.expires_at = upstream::JwtExpiry(token);
  if (subject.kind == upstream::JsonField::Kind::kString) {
    claims.subject = std::string(subject.text.Reveal());
  }
  return claims;
}

}  // namespace credential_broker::identity
