#ifndef CREDENTIAL_BROKER_RPC_HEALTH_SERVICE_H_
#define CREDENTIAL_BROKER_RPC_HEALTH_SERVICE_H_

#include <memory>
#include <string_view>

#include "rpc/router.h"

namespace credential_broker::rpc {

enum class ServingStatus { kUnknown, kServing, kNotServing };

class HealthRegistry;

// grpc.health.v1.Health (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
// Thread-safe. A service that was never set is unknown: Check answers NOT_FOUND, Watch
// SERVICE_UNKNOWN and then its status once it is set.
class HealthService {
 public:
  HealthService();

  // The methods may be called after this object is gone.
  void AddTo(Router& router) const;

  // A watch sends the latest status only: one that its client has not taken yet is not queued up.
  void Set(std::string_view service, ServingStatus status);

  // All that were set become NOT_SERVING, and Set is without effect from now on. Watches are told
  // and end with UNAVAILABLE, so that a drain need not wait for them.
  void Shutdown();

 private:
  std::shared_ptr<HealthRegistry> registry_;
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_HEALTH_SERVICE_H_
