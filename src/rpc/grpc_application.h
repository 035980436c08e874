#ifndef CREDENTIAL_BROKER_RPC_GRPC_APPLICATION_H_
#define CREDENTIAL_BROKER_RPC_GRPC_APPLICATION_H_

#include <memory>

#include "base/clock.h"
#include "h2/stream.h"
#include "rpc/admission.h"
#include "rpc/call_observer.h"
#include "rpc/counters.h"
#include "rpc/router.h"

namespace credential_broker::rpc {

// Serves gRPC's calls of `router` on HTTP/2 streams. Thread-safe.
class GrpcApplication : public h2::Application {
 public:
  // All outlive this; `observer` and `admission` may be null. `router` has all its methods by now.
  GrpcApplication(const Router& router, const Clock& clock, CallObserver* observer = nullptr,
                  Admission* admission = nullptr)
      : router_(router), clock_(clock), observer_(observer), admission_(admission) {}

  std::unique_ptr<h2::RequestHandler> OnRequest(h2::Stream& stream, h2::RequestHead head) override;

  const Counters& counters() const { return counters_; }

 private:
  const Router& router_;
  const Clock& clock_;
  CallObserver* observer_;
  Admission* admission_;
  Counters counters_;
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_GRPC_APPLICATION_H_
