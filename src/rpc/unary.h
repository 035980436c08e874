#ifndef CREDENTIAL_BROKER_RPC_UNARY_H_
#define CREDENTIAL_BROKER_RPC_UNARY_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "rpc/call.h"
#include "rpc/router.h"
#include "rpc/status.h"

namespace credential_broker::rpc {

// A unary method as one function. The handler parses the request, answers INTERNAL where it does
// not parse, and calls `serve(call, request)` once. `serve` answers with Reply or call.Finish, at
// once or later through call.Ref(); what it returns (a registration with a token store, say) is
// kept until the call is over and then destroyed: the notice that nobody waits any more.
class PendingWork {
 public:
  virtual ~PendingWork() = default;
};

template <typename Request>
using UnaryFunction = std::function<std::unique_ptr<PendingWork>(Call&, const Request&)>;

// Serializes `message` straight behind its frame's prefix; for Call::SendFramed.
template <typename Message>
std::string SerializeFramed(const Message& message) {
  std::string framed(kFramePrefixSize, '\0');
  message.AppendToString(&framed);
  FillFramePrefix(framed);
  return framed;
}

// Sends `response` and finishes with OK.
template <typename Response>
void Reply(Call& call, const Response& response) {
  call.SendFramed(SerializeFramed(response));
  call.FinishOk();
}

template <typename Request>
HandlerFactory Unary(UnaryFunction<Request> serve) {
  class Handler : public CallHandler {
   public:
    Handler(Call& call, const UnaryFunction<Request>& serve_fn) : call_(call), serve_(serve_fn) {}
    void OnMessage(std::string_view message) override {
      Request request;
      if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
        call_.Finish(MakeStatus(absl::StatusCode::kInternal,
                                "the request is not a " + request.GetTypeName()));
        return;
      }
      work_ = serve_(call_, request);
    }
    void OnHalfClose() override {}

   private:
    Call& call_;
    const UnaryFunction<Request>& serve_;
    std::unique_ptr<PendingWork> work_;
  };
  auto shared = std::make_shared<const UnaryFunction<Request>>(std::move(serve));
  return [shared](Call& call) { return std::make_unique<Handler>(call, *shared); };
}

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_UNARY_H_
