#include "conformance/conformance_service.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "conformance/conformance_request.h"
#include "rpc/call.h"
#include "rpc/status.h"
#include "rpc/unary.h"

namespace credential_broker {
namespace {

template <typename Message>
bool Parse(rpc::Call& call, std::string_view bytes, Message& message) {
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return true;
  }
  call.Finish(rpc::MakeStatus(absl::StatusCode::kInternal, "not a " + message.GetTypeName()));
  return false;
}

// Unary, IdempotentUnary and ClientStream: one answer, defined by the first message, once all have
// come.
template <typename Request, typename Response>
class OneAnswerHandler : public rpc::CallHandler {
 public:
  OneAnswerHandler(rpc::Call& call, DelayThread& delays)
      : call_(call), paced_(call, delays), info_(ReadRequestInfo(call)) {}

  void OnMessage(std::string_view message) override {
    Request request;
    if (!Parse(call_, message, request)) {
      return;
    }
    if (info_.requests().empty()) {
      definition_ = request.response_definition();
    }
    info_.add_requests()->PackFrom(request);
  }

  void OnHalfClose() override {
    paced_.Then(absl::Milliseconds(definition_.response_delay_ms()),
                [this](rpc::Call&) { Answer(); });
  }

 private:
  void Answer() {
    if (!definition_.response_headers().empty()) {
      call_.SendInitialMetadata(ToMetadata(definition_.response_headers()));
    }
    google::rpc::Status status;
    if (definition_.has_error()) {
      status = ToStatus(definition_.error());
      status.add_details()->PackFrom(info_);
    } else {
      Response response;
      response.mutable_payload()->set_data(definition_.response_data());
      *response.mutable_payload()->mutable_request_info() = info_;
      call_.SendFramed(rpc::SerializeFramed(response));
    }
    call_.Finish(status, ToMetadata(definition_.response_trailers()));
  }

  rpc::Call& call_;
  PacedCall paced_;
  RequestInfo info_;
  conformance::UnaryResponseDefinition definition_;
};

// ServerStream and BidiStream: many answers, defined by the first message. A full-duplex call has
// one answer for each message, and those that are left when all messages have come; all others
// answer then.
template <typename Request, typename Response>
class ManyAnswersHandler : public rpc::CallHandler {
 public:
  ManyAnswersHandler(rpc::Call& call, DelayThread& delays)
      : call_(call), paced_(call, delays), info_(ReadRequestInfo(call)) {}

  void OnMessage(std::string_view message) override {
    Request request;
    if (!Parse(call_, message, request)) {
      return;
    }
    if (first_) {
      first_ = false;
      definition_ = request.response_definition();
      full_duplex_ = IsFullDuplex(request);
      if (full_duplex_) {
        SendHeaders();
      }
    }
    info_.add_requests()->PackFrom(request);
    if (full_duplex_) {
      if (next_ < definition_.response_data_size()) {
        AddAnswer();
      } else {
        AddEnd();
      }
    }
  }

  void OnHalfClose() override {
    SendHeaders();
    while (next_ < definition_.response_data_size()) {
      AddAnswer();
    }
    AddEnd();
  }

 private:
  static bool IsFullDuplex(const conformance::ServerStreamRequest&) { return false; }
  static bool IsFullDuplex(const conformance::BidiStreamRequest& request) {
    return request.full_duplex();
  }

  // Before the first answer's delay, so that the client sees them.
  void SendHeaders() {
    const bool has_answers = definition_.response_data_size() > 0;
    if (!headers_sent_ && (has_answers || !definition_.response_headers().empty())) {
      headers_sent_ = true;
      call_.SendInitialMetadata(ToMetadata(definition_.response_headers()));
    }
  }

  void AddAnswer() {
    Response response;
    response.mutable_payload()->set_data(definition_.response_data(next_));
    if (!info_.requests().empty()) {
      response.mutable_payload()->mutable_request_info()->Swap(&info_);
      info_.Clear();
    }
    ++next_;
    paced_.Then(absl::Milliseconds(definition_.response_delay_ms()),
                [response = std::move(response)](rpc::Call& call) {
                  call.SendFramed(rpc::SerializeFramed(response));
                });
  }

  void AddEnd() {
    google::rpc::Status status;
    if (definition_.has_error()) {
      status = ToStatus(definition_.error());
      if (next_ == 0) {
        status.add_details()->PackFrom(info_);
      }
    }
    paced_.Then(absl::ZeroDuration(), [status = std::move(status),
                                       trailers = ToMetadata(definition_.response_trailers())](
                                          rpc::Call& call) { call.Finish(status, trailers); });
  }

  rpc::Call& call_;
  PacedCall paced_;
  RequestInfo info_;  // what the next answer repeats
  conformance::StreamResponseDefinition definition_;
  bool first_ = true;
  bool full_duplex_ = false;
  bool headers_sent_ = false;
  int next_ = 0;
};

}  // namespace

void AddConformanceService(rpc::Router& router, rpc::MethodOptions options, DelayThread& delays) {
  const google::protobuf::ServiceDescriptor& service =
      *conformance::UnaryRequest::descriptor()->file()->FindServiceByName("ConformanceService");
  auto add = [&](const char* method, auto make) { router.Add(service, method, make, options); };
  add("Unary", [&delays](rpc::Call& call) {
    return std::make_unique<
        OneAnswerHandler<conformance::UnaryRequest, conformance::UnaryResponse>>(call, delays);
  });
  add("IdempotentUnary", [&delays](rpc::Call& call) {
    return std::make_unique<OneAnswerHandler<conformance::IdempotentUnaryRequest,
                                             conformance::IdempotentUnaryResponse>>(call, delays);
  });
  add("ClientStream", [&delays](rpc::Call& call) {
    return std::make_unique<
        OneAnswerHandler<conformance::ClientStreamRequest, conformance::ClientStreamResponse>>(
        call, delays);
  });
  add("ServerStream", [&delays](rpc::Call& call) {
    return std::make_unique<
        ManyAnswersHandler<conformance::ServerStreamRequest, conformance::ServerStreamResponse>>(
        call, delays);
  });
  add("BidiStream", [&delays](rpc::Call& call) {
    return std::make_unique<
        ManyAnswersHandler<conformance::BidiStreamRequest, conformance::BidiStreamResponse>>(
        call, delays);
  });
}

}  // namespace credential_broker
