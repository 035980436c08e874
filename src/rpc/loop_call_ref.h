#ifndef CREDENTIAL_BROKER_RPC_LOOP_CALL_REF_H_
#define CREDENTIAL_BROKER_RPC_LOOP_CALL_REF_H_

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "core/mutex.h"
#include "h2/event_loop.h"
#include "rpc/call.h"

namespace credential_broker::rpc {

// The way back to a call that lives on an event loop. The call closes it when it is over: from then
// on neither the call nor the loop, which may be gone as well, is touched.
class LoopCallRef : public CallRef, public std::enable_shared_from_this<LoopCallRef> {
 public:
  LoopCallRef(h2::EventLoop& loop, Call& call) : call_(&call), loop_(&loop) {}

  void Post(absl::AnyInvocable<void(Call&) &&> task) override;

  // On the loop's thread.
  void Close();

 private:
  Call* call_;  // on the loop's thread only; null: over
  Mutex mutex_;
  h2::EventLoop* loop_ ABSL_GUARDED_BY(mutex_);  // null: over
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_LOOP_CALL_REF_H_
