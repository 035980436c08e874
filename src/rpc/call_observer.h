#ifndef CREDENTIAL_BROKER_RPC_CALL_OBSERVER_H_
#define CREDENTIAL_BROKER_RPC_CALL_OBSERVER_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "rpc/router.h"

namespace credential_broker::rpc {

// Told of every call that reaches its method; those that the front refuses before have no method to
// name. Called on every loop's thread, so thread-safe; must not block.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  virtual void OnStarted(const Method& method) = 0;
  // Exactly once after each OnStarted: when the answer's status is known, or with CANCELLED when
  // the client reset the stream or its connection was lost.
  virtual void OnFinished(const Method& method, absl::StatusCode code, absl::Duration took) = 0;
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_CALL_OBSERVER_H_
