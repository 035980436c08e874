#ifndef CREDENTIAL_BROKER_TESTS_CONFORMANCE_CONFORMANCE_REQUEST_H_
#define CREDENTIAL_BROKER_TESTS_CONFORMANCE_CONFORMANCE_REQUEST_H_

#include "connectrpc/conformance/v1/service.pb.h"
#include "google/rpc/status.pb.h"
#include "rpc/call.h"

namespace credential_broker {

namespace conformance = ::connectrpc::conformance::v1;
using RequestInfo = conformance::ConformancePayload::RequestInfo;

// What the suite wants repeated of a call's headers.
RequestInfo ReadRequestInfo(const rpc::Call& call);

// The suite's words for headers, "-bin" values in base64, and for errors.
rpc::Metadata ToMetadata(const google::protobuf::RepeatedPtrField<conformance::Header>& headers);
google::rpc::Status ToStatus(const conformance::Error& error);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_CONFORMANCE_CONFORMANCE_REQUEST_H_
