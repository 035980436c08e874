#include "conformance/interop_service.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "grpc/testing/empty.pb.h"
#include "grpc/testing/messages.pb.h"
#include "rpc/call.h"
#include "rpc/status.h"
#include "rpc/unary.h"

namespace credential_broker {
namespace {

using ::grpc::testing::Payload;
using ::grpc::testing::SimpleRequest;
using ::grpc::testing::SimpleResponse;
using ::grpc::testing::StreamingInputCallRequest;
using ::grpc::testing::StreamingInputCallResponse;
using ::grpc::testing::StreamingOutputCallRequest;
using ::grpc::testing::StreamingOutputCallResponse;

constexpr rpc::MethodOptions kOptions{.max_message = 16UL << 20U};
constexpr char kEchoInitial[] = "x-grpc-test-echo-initial";
constexpr char kEchoTrailing[] = "x-grpc-test-echo-trailing-bin";

void FillPayload(int size, Payload& payload) {
  payload.set_body(std::string(static_cast<std::size_t>(std::max(size, 0)), '\0'));
}

void EchoInitialMetadata(rpc::Call& call) {
  if (auto value = call.metadata(kEchoInitial)) {
    call.SendInitialMetadata({{kEchoInitial, std::string(*value)}});
  }
}

rpc::Metadata EchoedTrailers(const rpc::Call& call) {
  auto value = call.metadata(kEchoTrailing);
  return value ? rpc::Metadata{{kEchoTrailing, std::string(*value)}} : rpc::Metadata{};
}

google::rpc::Status ToRpcStatus(const grpc::testing::EchoStatus& echo) {
  google::rpc::Status status;
  status.set_code(echo.code());
  status.set_message(echo.message());
  return status;
}

template <typename Message>
bool Parse(rpc::Call& call, std::string_view bytes, Message& message) {
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return true;
  }
  call.Finish(rpc::MakeStatus(absl::StatusCode::kInternal, "not a " + message.GetTypeName()));
  return false;
}

void UnaryCall(rpc::Call& call, const SimpleRequest& request) {
  EchoInitialMetadata(call);
  if (request.response_status().code() != 0) {
    call.Finish(ToRpcStatus(request.response_status()), EchoedTrailers(call));
    return;
  }
  SimpleResponse response;
  FillPayload(request.response_size(), *response.mutable_payload());
  call.SendFramed(rpc::SerializeFramed(response));
  call.Finish({}, EchoedTrailers(call));
}

class StreamingInputHandler : public rpc::CallHandler {
 public:
  explicit StreamingInputHandler(rpc::Call& call) : call_(call) {}
  void OnMessage(std::string_view message) override {
    StreamingInputCallRequest request;
    if (Parse(call_, message, request)) {
      size_ += static_cast<int>(request.payload().body().size());
    }
  }
  void OnHalfClose() override {
    StreamingInputCallResponse response;
    response.set_aggregated_payload_size(size_);
    rpc::Reply(call_, response);
  }

 private:
  rpc::Call& call_;
  int size_ = 0;
};

// StreamingOutputCall, FullDuplexCall and, where it `waits` for the client to half-close,
// HalfDuplexCall.
class StreamingOutputHandler : public rpc::CallHandler {
 public:
  StreamingOutputHandler(rpc::Call& call, DelayThread& delays, bool waits)
      : call_(call), paced_(call, delays), waits_(waits) {
    EchoInitialMetadata(call);
  }

  void OnMessage(std::string_view message) override {
    StreamingOutputCallRequest request;
    if (!Parse(call_, message, request)) {
      return;
    }
    if (waits_) {
      waiting_.push_back(std::move(request));
    } else {
      Answer(request);
    }
  }

  void OnHalfClose() override {
    for (const StreamingOutputCallRequest& request : waiting_) {
      Answer(request);
    }
    paced_.Then(absl::ZeroDuration(),
                [](rpc::Call& call) { call.Finish({}, EchoedTrailers(call)); });
  }

 private:
  void Answer(const StreamingOutputCallRequest& request) {
    if (request.response_status().code() != 0) {
      paced_.Then(absl::ZeroDuration(),
                  [status = ToRpcStatus(request.response_status())](rpc::Call& call) {
                    call.Finish(status, EchoedTrailers(call));
                  });
      return;
    }
    for (const auto& parameters : request.response_parameters()) {
      paced_.Then(absl::Microseconds(parameters.interval_us()),
                  [size = parameters.size()](rpc::Call& call) {
                    StreamingOutputCallResponse response;
                    FillPayload(size, *response.mutable_payload());
                    call.SendFramed(rpc::SerializeFramed(response));
                  });
    }
  }

  rpc::Call& call_;
  PacedCall paced_;
  const bool waits_;
  std::vector<StreamingOutputCallRequest> waiting_;
};

}  // namespace

void AddInteropService(rpc::Router& router, DelayThread& delays) {
  const google::protobuf::ServiceDescriptor& service =
      *google::protobuf::DescriptorPool::generated_pool()
           ->FindFileByName("grpc/testing/test.proto")
           ->FindServiceByName("TestService");
  auto add = [&](const char* method, rpc::HandlerFactory factory) {
    router.Add(service, method, std::move(factory), kOptions);
  };
  add("EmptyCall",
      rpc::Unary<grpc::testing::Empty>([](rpc::Call& call, const grpc::testing::Empty& request)
                                           -> std::unique_ptr<rpc::PendingWork> {
        rpc::Reply(call, request);
        return nullptr;
      }));
  add("UnaryCall",
      rpc::Unary<SimpleRequest>(
          [](rpc::Call& call, const SimpleRequest& request) -> std::unique_ptr<rpc::PendingWork> {
            UnaryCall(call, request);
            return nullptr;
          }));
  add("StreamingInputCall",
      [](rpc::Call& call) { return std::make_unique<StreamingInputHandler>(call); });
  auto output = [&delays](bool waits) {
    return [&delays, waits](rpc::Call& call) {
      return std::make_unique<StreamingOutputHandler>(call, delays, waits);
    };
  };
  add("StreamingOutputCall", output(false));
  add("FullDuplexCall", output(false));
  add("HalfDuplexCall", output(true));
}

}  // namespace credential_broker
