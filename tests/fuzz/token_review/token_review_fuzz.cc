// What an API server answers to a TokenReview, and what a caller sends as its token.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/reason.h"
#include "identity/bearer_token.h"
#include "identity/token_review.h"

namespace {

using credential_broker::DetailsOf;

constexpr std::string_view kAudience = "credential-broker";
constexpr std::string_view kPrefix = "system:serviceaccount:";

void Require(bool held) {
  if (!held) {
    std::abort();
  }
}

void ReadAsAnswer(std::string_view body) {
  const absl::StatusOr<std::string> principal =
      credential_broker::identity::PrincipalInReview(body, kAudience);
  if (!principal.ok()) {
    Require(principal.status().code() == absl::StatusCode::kUnauthenticated ||
            principal.status().code() == absl::StatusCode::kInvalidArgument);
    // What is longer would quote the body.
    Require(principal.status().message().size() < 250);
    return;
  }
  Require(principal->starts_with(kPrefix));
  const std::string_view rest = std::string_view(*principal).substr(kPrefix.size());
  const std::size_t colon = rest.find(':');
  Require(colon != std::string_view::npos && colon > 0 && colon + 1 < rest.size());
  for (const char c : *principal) {
    Require((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':');
  }
  // Nobody is let in by an answer that does not spell these out.
  Require(body.find("true") != std::string_view::npos);
}

void ReadAsToken(std::string_view header) {
  const auto token = credential_broker::identity::BearerTokenIn(header);
  if (!token.ok()) {
    Require(DetailsOf(token.status()).has_value());
    return;
  }
  Require(!token->empty() && header.find(*token) != std::string_view::npos);
  if (credential_broker::identity::ReadTokenClaims(*token).ok()) {
    // It goes into a JSON text as it is.
    Require(token->find_first_of("\"\\") == std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  ReadAsAnswer(input);
  ReadAsToken(input);
  return 0;
}
