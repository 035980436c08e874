#ifndef CREDENTIAL_BROKER_TESTS_CONFORMANCE_INTEROP_SERVICE_H_
#define CREDENTIAL_BROKER_TESTS_CONFORMANCE_INTEROP_SERVICE_H_

#include "conformance/paced_call.h"
#include "rpc/router.h"

namespace credential_broker {

// Adds grpc.testing.TestService as gRPC's interoperability tests want it
// (https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md). `delays` outlives
// all calls.
void AddInteropService(rpc::Router& router, DelayThread& delays);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_CONFORMANCE_INTEROP_SERVICE_H_
