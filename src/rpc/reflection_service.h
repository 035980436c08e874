#ifndef CREDENTIAL_BROKER_RPC_REFLECTION_SERVICE_H_
#define CREDENTIAL_BROKER_RPC_REFLECTION_SERVICE_H_

#include "rpc/router.h"

namespace credential_broker::rpc {

// Adds server reflection, v1 and v1alpha
// (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md): clients such as grpcurl then
// need no proto file. It tells of all the services of `router`, itself and those that are added
// later among them. `router` outlives all calls.
void AddReflection(Router& router);

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_REFLECTION_SERVICE_H_
