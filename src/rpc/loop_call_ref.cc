#include "rpc/loop_call_ref.h"

#include <utility>

namespace credential_broker::rpc {

void LoopCallRef::Post(absl::AnyInvocable<void(Call&) &&> task) {
  // Declared before the lock: a task that is not posted is destroyed after it is released, as its
  // destructor may come back here.
  absl::AnyInvocable<void()&&> run = [self = shared_from_this(), task = std::move(task)]() mutable {
    if (self->call_ != nullptr) {
      std::move(task)(*self->call_);
    }
  };
  MutexLock lock(mutex_);
  if (loop_ != nullptr) {
    loop_->Post(std::move(run));
  }
}

void LoopCallRef::Close() {
  call_ = nullptr;
  MutexLock lock(mutex_);
  loop_ = nullptr;
}

}  // namespace credential_broker::rpc
