#ifndef CREDENTIAL_BROKER_RPC_ADMISSION_H_
#define CREDENTIAL_BROKER_RPC_ADMISSION_H_

#include <optional>

#include "core/peer.h"
#include "google/rpc/status.pb.h"

namespace credential_broker::rpc {

// Limits the calls of a connection by what the connection itself shows of its caller, before a
// method is asked. Called on every loop's thread, so implementations are thread-safe.
class Admission {
 public:
  virtual ~Admission() = default;

  // Counts one message to a method with MethodOptions::counted. Returns the status that ends the
  // call; none: it goes on.
  virtual std::optional<google::rpc::Status> CountCall(const Peer& peer) = 0;

  // Returns the status of a call that is refused because the peer's principal has the maximum of
  // streams open.
  virtual google::rpc::Status TooManyStreams(const Peer& peer) = 0;
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_ADMISSION_H_
