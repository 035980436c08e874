#include "identity/token_digest.h"

#include <sodium.h>

#include <cstdint>
#include <cstdlib>

namespace credential_broker::identity {

TokenHasher::TokenHasher(Random& random) {
  std::array<std::uint64_t, crypto_generichash_KEYBYTES / sizeof(std::uint64_t)> key{};
  for (std::uint64_t& part : key) {
    part = random.Bits();
  }
  key_ = Secret({reinterpret_cast<const char*>(key.data()), sizeof key});
  Wipe(key.data(), sizeof key);
}

TokenDigest TokenHasher::Hash(std::string_view token) const {
  TokenDigest digest;
  const std::string_view key = key_.Reveal();
  const int status = crypto_generichash(
      digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(token.data()),
      token.size(), reinterpret_cast<const unsigned char*>(key.data()), key.size());
  if (status != 0) {
    std::abort();  // only for sizes that these are not
  }
  return digest;
}

}  // namespace credential_broker::identity
