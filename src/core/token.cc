#include "core/token.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace credential_broker {

absl::Duration UsableSlack(absl::Duration lifetime) {
  return std::min(absl::Seconds(10), lifetime / 10);
}

TokenPtr MakeToken(Grant&& grant, std::string version, BootTime refresh_at, BootTime now,
                   absl::Time wall_now) {
  auto token = std::make_shared<Token>();
  token->value = std::move(grant.access_token);
  token->token_type = std::move(grant.token_type);
  token->version = std::move(version);
  token->lifetime = grant.lifetime;
  token->expires_at = grant.expires_at;
  token->usable_until = grant.expires_at - UsableSlack(grant.lifetime);
  token->refresh_at = refresh_at;
  token->expire_time = wall_now + (token->expires_at - now);
  token->refresh_time = wall_now + (token->refresh_at - now);
  return token;
}

std::string NewVersion(Random& random) {
  // Without letters and digits that look alike (RFC 4648 base32, in lower case).
  constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  constexpr int kCharactersPerDraw = 13;  // of 5 bits: 64 bits, and a zero bit
  std::string version;
  for (int draw = 0; draw < 2; ++draw) {
    std::uint64_t bits = random.Bits();
    for (int i = 0; i < kCharactersPerDraw; ++i, bits >>= 5) {
      version.push_back(kAlphabet[bits & 31]);
    }
  }
  return version;
}

}  // namespace credential_broker
