#include "core/token_store.h"

#include <utility>

#include "core/query_rule.h"

namespace credential_broker {

TokenStore::TokenStore(SnapshotPtr initial, const Clock& clock)
    : clock_(clock), latest_(std::move(initial)) {}

void TokenStore::Publish(SnapshotPtr snapshot) {
  {
    MutexLock lock(mutex_);
    latest_.swap(snapshot);
  }
  // The old snapshot ends here, outside the lock: it may be the last to hold a token, which is then
  // wiped.
}

SnapshotPtr TokenStore::Latest() const {
  MutexLock lock(mutex_);
  return latest_;
}

std::optional<absl::StatusOr<TokenPtr>> TokenStore::TryGet(const TokenQuery& query) const {
  const BootTime now = clock_.Now();
  SnapshotPtr snapshot;
  {
    MutexLock lock(mutex_);
    // Nearly every call ends here: one lock, one reference counted.
    const TokenPtr& token = latest_->refresh.token;
    if (token != nullptr && Satisfies(*token, query, now) &&
        query.min_validity <= MaxMinValidity(token->lifetime)) {
      return token;
    }
    snapshot = latest_;
  }
  return Decide(*snapshot, query, now).answer;
}

}  // namespace credential_broker
