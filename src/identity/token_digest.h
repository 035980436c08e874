#ifndef CREDENTIAL_BROKER_IDENTITY_TOKEN_DIGEST_H_
#define CREDENTIAL_BROKER_IDENTITY_TOKEN_DIGEST_H_

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "base/random.h"
#include "base/secret.h"

namespace credential_broker::identity {

// What stands for a token in memory: it tells nothing of it to whoever has no key.
using TokenDigest = std::array<unsigned char, 32>;

struct TokenDigestHash {
  // The digest is as good as random already.
  std::size_t operator()(const TokenDigest& digest) const {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.data(), sizeof hash);
    return hash;
  }
};

// BLAKE2b with a key of this process. Thread-safe.
class TokenHasher {
 public:
  explicit TokenHasher(Random& random);

  TokenDigest Hash(std::string_view token) const;

 private:
  Secret key_;
};

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_TOKEN_DIGEST_H_
