#ifndef CREDENTIAL_BROKER_RPC_LOOP_CALL_REF_H_
#define CREDENTIAL_BROKER_RPC_LOOP_CALL_REF_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "base/event_loop.h"
#include "base/mutex.h"
#include "rpc/call.h"

namespace credential_broker::rpc {

// Reaches a call that lives on an event loop from any thread. The call closes the reference when it
// is over; tasks that come later are destroyed without being run. A task is never destroyed while
// the reference holds its mutex. Post is thread-safe.
class LoopCallRef : public CallRef, public std::enable_shared_from_this<LoopCallRef> {
 public:
  LoopCallRef(std::shared_ptr<EventLoop> loop, Call& call) : call_(&call), loop_(std::move(loop)) {}

  void Post(absl::AnyInvocable<void(Call&) &&> task) override;

  // Closes the reference. Called on the loop's thread only.
  void Close();

 private:
  Call* call_;  // on the loop's thread only; null: over
  Mutex mutex_;
  std::shared_ptr<EventLoop> loop_ ABSL_GUARDED_BY(mutex_);  // null: over
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_LOOP_CALL_REF_H_
