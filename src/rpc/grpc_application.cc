#include "rpc/grpc_application.h"

#include <string_view>
#include <utility>
#include <variant>

#include "rpc/answer.h"
#include "rpc/request_check.h"
#include "rpc/request_metadata.h"
#include "rpc/server_call.h"
#include "rpc/status.h"

namespace credential_broker::rpc {
namespace {

// What is left of a request that has been refused: its body, if it has one, is let go by.
class RefusedBody : public h2::RequestHandler {
 public:
  explicit RefusedBody(h2::Stream& stream) : stream_(stream) {}
  void OnData(std::string_view bytes) override { stream_.Consume(bytes.size()); }
  void OnEnd() override {}
  void OnDrained() override {}

 private:
  h2::Stream& stream_;
};

google::rpc::Status TooManyStreams(Admission* admission, const Peer& peer) {
  return admission != nullptr
             ? admission->TooManyStreams(peer)
             : MakeStatus(absl::StatusCode::kResourceExhausted,
                          "the caller has reached the maximum number of open streams; close some, "
                          "or ask later");
}

}  // namespace

std::unique_ptr<h2::RequestHandler> GrpcApplication::OnRequest(h2::Stream& stream,
                                                               h2::RequestHead head) {
  std::variant<AcceptedRequest, RefusedRequest> checked = CheckRequest(head, router_);
  if (const auto* refused = std::get_if<RefusedRequest>(&checked)) {
    SendRefusal(stream, *refused);
    return std::make_unique<RefusedBody>(stream);
  }
  if (stream.principal_is_full()) {
    counters_.principals_full.Add();
    SendRefusal(stream, {TooManyStreams(admission_, stream.peer())});
    return std::make_unique<RefusedBody>(stream);
  }
  auto call = std::make_unique<ServerCall>(
      stream, std::get<AcceptedRequest>(checked), RequestMetadata(std::move(head.headers)),
      CallEnvironment{clock_, observer_, counters_, admission_});
  call->Start();
  return call;
}

}  // namespace credential_broker::rpc
