#include "sandbox/token_mint.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace credential_broker::sandbox {
namespace {

constexpr std::size_t kLongTokenPadding = 4096;

std::string RandomBytes(std::size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1) {
    std::abort();  // OpenSSL has no randomness: nothing can be done without
  }
  return bytes;
}

std::string Sign(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace

TokenMint::TokenMint() : key_(RandomBytes(32)) {}

std::string TokenMint::Opaque() { return absl::WebSafeBase64Escape(RandomBytes(32)); }

std::string TokenMint::AccessToken(TokenFormat format, const Claims& claims) const {
  if (format == TokenFormat::kOpaque) {
    return Opaque();
  }
  // With what access tokens say by RFC 9068, and so about as long as real ones.
  nlohmann::ordered_json payload = {
      {"iss", "https://sandbox.credential-broker.invalid/"},
      {"sub", claims.subject},
      {"aud", "https://api.credential-broker.invalid/"},
      {"client_id", "credential-broker"},
      {"scope", "users:read users:write portfolios:read portfolios:write orders:read orders:write"},
      {"jti", Opaque()},
      {"iat", absl::ToUnixSeconds(claims.issued)}};
  if (format != TokenFormat::kJwtWithoutExp) {
    payload["exp"] = absl::ToUnixSeconds(claims.expires);
  }
  if (format == TokenFormat::kLong) {
    payload["padding"] = std::string(kLongTokenPadding, 'x');
  }
  const std::string text = absl::StrCat(absl::WebSafeBase64Escape(R"({"alg":"HS256","typ":"JWT"})"),
                                        ".", absl::WebSafeBase64Escape(payload.dump()));
  return absl::StrCat(text, ".", absl::WebSafeBase64Escape(Sign(key_, text)));
}

}  // namespace credential_broker::sandbox
