#ifndef CREDENTIAL_BROKER_IDENTITY_VERDICT_CACHE_H_
#define CREDENTIAL_BROKER_IDENTITY_VERDICT_CACHE_H_

#include <cstddef>
#include <list>
#include <optional>
#include <unordered_map>

#include "base/clock.h"
#include "identity/caller_tokens.h"
#include "identity/token_digest.h"

namespace credential_broker::identity {

// What was found out of tokens, each for a while. Beyond `most` the oldest is forgotten. Not
// thread-safe.
class VerdictCache {
 public:
  explicit VerdictCache(std::size_t most) : most_(most) {}

  void Put(const TokenDigest& token, CallerVerdict verdict, BootTime good_until);

  void Forget(const TokenDigest& token);

  // None: not known, or not known any more.
  std::optional<CallerVerdict> Find(const TokenDigest& token, BootTime now) const;

  std::size_t size() const { return by_age_.size(); }

 private:
  struct Entry {
    TokenDigest token;
    CallerVerdict verdict;
    BootTime good_until;
  };
  using Entries = std::list<Entry>;

  const std::size_t most_;
  Entries by_age_;  // oldest first
  std::unordered_map<TokenDigest, Entries::iterator, TokenDigestHash> by_token_;
};

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_VERDICT_CACHE_H_
