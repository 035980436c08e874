#include "rpc/server_call.h"

#include <utility>

#include "base/strings.h"
#include "rpc/status.h"

namespace credential_broker::rpc {

ServerCall::ServerCall(h2::Stream& stream, const AcceptedRequest& request, RequestMetadata metadata,
                       CallEnvironment environment)
    : stream_(stream),
      request_(request),
      metadata_(std::move(metadata)),
      environment_(environment),
      start_(environment.clock.Now()),
      deadline_(request.timeout ? start_ + *request.timeout : BootTime::InfiniteFuture()),
      answer_(stream),
      reader_(request.method->options.max_message) {}

ServerCall::~ServerCall() {
  held_ = 0;  // the stream has closed and gives it back itself
  Close(absl::StatusCode::kCancelled);
  handler_.reset();  // it may use the call to its end
}

void ServerCall::Start() {
  if (environment_.observer != nullptr) {
    environment_.observer->OnStarted(*request_.method);
  }
  if (request_.timeout && *request_.timeout <= absl::ZeroDuration()) {
    OnDeadline();
    return;
  }
  handler_ = request_.method->factory(*this);
  if (handler_ == nullptr) {
    Finish(MakeStatus(absl::StatusCode::kInternal, "the method has no handler"));
  }
  const bool answered = closed_ && answer_.unsent_bytes() == 0;
  if (request_.timeout && !answered) {
    timer_ = stream_.loop().RunAfter(*request_.timeout, [this] { OnDeadline(); });
  }
}

void ServerCall::OnData(std::string_view bytes) {
  held_ += bytes.size();
  if (!closed_) {
    reader_.Feed(bytes);
  }
  Pump();
}

void ServerCall::OnEnd() {
  half_closed_ = true;
  Pump();
}

void ServerCall::OnDrained() {
  if (!closed_) {
    handler_->OnDrained();
  }
  Pump();
}

void ServerCall::Pump() {
  if (!closed_ && HandleMessages() && half_closed_) {
    half_closed_ = false;
    HandleHalfClose();
  }
  bool waiting = false;
  if (!closed_) {
    reader_.Keep();
    waiting = answer_.unsent_bytes() > kMaxUnsent;
  }
  if (!waiting) {
    GiveBack();
  }
}

void ServerCall::GiveBack() {
  if (held_ > 0) {
    stream_.Consume(std::exchange(held_, 0));
  }
}

bool ServerCall::HandleMessages() {
  while (answer_.unsent_bytes() <= kMaxUnsent) {
    absl::StatusOr<std::optional<std::string_view>> message = reader_.Next();
    if (!message.ok()) {
      if (absl::IsResourceExhausted(message.status())) {
        environment_.counters.messages_too_large.Add();
      }
      Fail(ToStatus(message.status()));
      return false;
    }
    if (!message->has_value()) {
      return true;
    }
    HandleMessage(**message);
    if (closed_) {
      return false;
    }
  }
  return false;
}

void ServerCall::HandleMessage(std::string_view message) {
  if (request_.method->client_streaming) {
    Deliver(message);
  } else if (only_message_) {
    too_many_messages_ = true;
  } else {
    only_message_.emplace(message);
  }
}

void ServerCall::HandleHalfClose() {
  if (reader_.pending() > 0) {
    Fail(MakeStatus(absl::StatusCode::kInternal, "the request ends in the middle of a message"));
    return;
  }
  if (!request_.method->client_streaming) {
    if (!only_message_ || too_many_messages_) {
      Fail(MakeStatus(
          absl::StatusCode::kUnimplemented,
          StrCat("the method ", request_.method->name, " takes exactly one message, not ",
                 too_many_messages_ ? "more" : "none")));
      return;
    }
    Deliver(*only_message_);
  }
  if (!closed_) {
    handler_->OnHalfClose();
  }
}

void ServerCall::Deliver(std::string_view message) {
  if (request_.method->options.counted && environment_.admission != nullptr) {
    if (std::optional<google::rpc::Status> refusal = environment_.admission->CountCall(peer())) {
      Fail(*refusal);
      return;
    }
  }
  handler_->OnMessage(message);
}

void ServerCall::SendInitialMetadata(const Metadata& metadata) {
  if (!closed_) {
    answer_.SendHeaders(metadata);
  }
}

void ServerCall::SendMessage(std::string message) {
  message.insert(0, kFramePrefixSize, '\0');
  FillFramePrefix(message);
  Send(std::move(message));
}

void ServerCall::Send(h2::Payload framed) {
  if (!closed_) {
    answer_.SendMessage(std::move(framed));
  }
}

void ServerCall::Finish(const google::rpc::Status& status, const Metadata& trailers) {
  if (!closed_) {
    answer_.Finish(status, trailers);
    Close(CodeOf(status));
  }
}

std::shared_ptr<CallRef> ServerCall::Ref() {
  if (ref_ == nullptr) {
    ref_ = std::make_shared<LoopCallRef>(stream_.loop().shared_from_this(), *this);
    if (closed_) {
      ref_->Close();
    }
  }
  return ref_;
}

void ServerCall::Fail(const google::rpc::Status& status) {
  Finish(status);
  handler_.reset();
}

void ServerCall::OnDeadline() {
  const bool answered = closed_;
  Close(absl::StatusCode::kDeadlineExceeded);
  handler_.reset();
  // Trailers would wait behind what the client does not take, and it may hold a part of a message:
  // RST_STREAM is the only end that reaches it.
  if (answer_.unsent_bytes() > 0) {
    answer_.Abort();
  } else if (!answered) {
    answer_.Finish(
        MakeStatus(absl::StatusCode::kDeadlineExceeded, "the call's deadline has passed"), {});
  }
}

void ServerCall::Close(absl::StatusCode code) {
  if (std::exchange(closed_, true)) {
    return;
  }
  if (ref_ != nullptr) {
    ref_->Close();
  }
  GiveBack();
  if (environment_.observer != nullptr) {
    environment_.observer->OnFinished(*request_.method, code, environment_.clock.Now() - start_);
  }
}

}  // namespace credential_broker::rpc
