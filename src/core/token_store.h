#ifndef CREDENTIAL_BROKER_CORE_TOKEN_STORE_H_
#define CREDENTIAL_BROKER_CORE_TOKEN_STORE_H_

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "core/credential.h"
#include "core/credential_snapshot.h"

namespace credential_broker {

// The latest snapshot of a credential and nothing older: written by the credential's thread, read
// by all callers. Thread-safe. Its lock is held only to copy or swap one pointer.
class TokenStore {
 public:
  TokenStore(SnapshotPtr initial, const Clock& clock);

  void Publish(SnapshotPtr snapshot);
  SnapshotPtr Latest() const;

  // Credential::TryGet.
  std::optional<absl::StatusOr<TokenPtr>> TryGet(const TokenQuery& query) const;

 private:
  const Clock& clock_;
  mutable Mutex mutex_;
  SnapshotPtr latest_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_TOKEN_STORE_H_
