#ifndef CREDENTIAL_BROKER_CORE_CURRENT_CREDENTIALS_H_
#define CREDENTIAL_BROKER_CORE_CURRENT_CREDENTIALS_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "core/credential_set.h"

namespace credential_broker {

// The credential set that is in force. A reload replaces it whole; a call that has begun may go on
// with the one that it began with. Thread-safe; the lock is held only to copy or swap a pointer.
class CurrentCredentials {
 public:
  // Never null.
  using SetPtr = std::shared_ptr<const CredentialSet>;

  explicit CurrentCredentials(SetPtr set) : set_(std::move(set)) {}
  explicit CurrentCredentials(CredentialSet set)
      : CurrentCredentials(std::make_shared<const CredentialSet>(std::move(set))) {}

  SetPtr Get() const {
    MutexLock lock(mutex_);
    return set_;
  }

  // The set before is let go outside the lock: with it may go the last of a credential.
  void Replace(SetPtr set) {
    MutexLock lock(mutex_);
    set_.swap(set);
  }

 private:
  mutable Mutex mutex_;
  SetPtr set_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_CURRENT_CREDENTIALS_H_
