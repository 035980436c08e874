#ifndef CREDENTIAL_BROKER_TESTS_CONFORMANCE_CONFORMANCE_SERVICE_H_
#define CREDENTIAL_BROKER_TESTS_CONFORMANCE_CONFORMANCE_SERVICE_H_

#include "conformance/paced_call.h"
#include "rpc/router.h"

namespace credential_broker {

// Adds connectrpc.conformance.v1.ConformanceService, whose requests say how they are to be answered
// (docs/testing_servers.md of the suite). `delays` outlives all calls.
void AddConformanceService(rpc::Router& router, rpc::MethodOptions options, DelayThread& delays);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_CONFORMANCE_CONFORMANCE_SERVICE_H_
