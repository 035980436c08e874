#include "rpc/loop_call_ref.h"

#include <utility>

namespace credential_broker::rpc {

void LoopCallRef::Post(absl::AnyInvocable<void(Call&) &&> task) {
  std::shared_ptr<EventLoop> loop;
  {
    MutexLock lock(mutex_);
    loop = loop_;
  }
  if (loop == nullptr) {
    return;
  }
  // Not under the lock: a loop that has stopped destroys the task at once, and the task's
  // destructor may post again.
  loop->Post([self = shared_from_this(), task = std::move(task)]() mutable {
    if (self->call_ != nullptr) {
      std::move(task)(*self->call_);
    }
  });
}

void LoopCallRef::Close() {
  call_ = nullptr;
  std::shared_ptr<EventLoop> loop;  // released after the lock
  MutexLock lock(mutex_);
  loop.swap(loop_);
}

}  // namespace credential_broker::rpc
