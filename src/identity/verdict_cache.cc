#include "identity/verdict_cache.h"

#include <utility>

namespace credential_broker::identity {

void VerdictCache::Put(const TokenDigest& token, CallerVerdict verdict, BootTime good_until) {
  Forget(token);
  if (by_age_.size() >= most_) {
    by_token_.erase(by_age_.front().token);
    by_age_.pop_front();
  }
  by_age_.push_back({token, std::move(verdict), good_until});
  by_token_.emplace(token, std::prev(by_age_.end()));
}

void VerdictCache::Forget(const TokenDigest& token) {
  if (auto it = by_token_.find(token); it != by_token_.end()) {
    by_age_.erase(it->second);
    by_token_.erase(it);
  }
}

std::optional<CallerVerdict> VerdictCache::Find(const TokenDigest& token, BootTime now) const {
  auto it = by_token_.find(token);
  if (it == by_token_.end() || it->second->good_until <= now) {
    return std::nullopt;
  }
  return it->second->verdict;
}

}  // namespace credential_broker::identity
