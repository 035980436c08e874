#ifndef CREDENTIAL_BROKER_RPC_REQUEST_CHECK_H_
#define CREDENTIAL_BROKER_RPC_REQUEST_CHECK_H_

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "google/rpc/status.pb.h"
#include "h2/stream.h"
#include "rpc/router.h"

namespace credential_broker::rpc {

// A request that is a call of one of our methods.
struct AcceptedRequest {
  const Method* method;
  std::optional<absl::Duration> timeout;
};

// A request that is answered from its headers alone.
struct RefusedRequest {
  google::rpc::Status status;
  std::string_view http_status = "200";
  std::vector<h2::HeaderView> extra = {};  // of static texts
};

// Judges a request's headers by the gRPC protocol over HTTP/2
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
std::variant<AcceptedRequest, RefusedRequest> CheckRequest(const h2::RequestHead& head,
                                                           const Router& router);

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_REQUEST_CHECK_H_
