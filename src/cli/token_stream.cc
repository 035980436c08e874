#include "cli/token_stream.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include "cli/api_messages.h"
#include "cli/grpc_channel.h"
#include "investsuite/credentialbroker/v1/credential_broker.grpc.pb.h"

namespace credential_broker::cli {
namespace {

namespace v1 = investsuite::credentialbroker::v1;

gpr_timespec DeadlineIn(absl::Duration wait) {
  // Beyond this gRPC's clock overflows.
  constexpr absl::Duration kLongest = absl::Hours(24);
  return gpr_time_add(
      gpr_now(GPR_CLOCK_MONOTONIC),
      gpr_time_from_micros(absl::ToInt64Microseconds(std::min(wait, kLongest)), GPR_TIMESPAN));
}

class GrpcTokenStream final : public TokenStream {
 public:
  GrpcTokenStream(GrpcChannel channel, const std::string& credential)
      : channel_(std::move(channel)),
        stub_(v1::CredentialBrokerService::NewStub(channel_.channel())) {
    channel_.Authorize(context_);
    v1::WatchTokenRequest request;
    request.set_credential(credential);
    reader_ = stub_->PrepareAsyncWatchToken(&context_, request, &queue_);
    reader_->StartCall(this);
  }
  GrpcTokenStream(const GrpcTokenStream&) = delete;
  GrpcTokenStream& operator=(const GrpcTokenStream&) = delete;
  ~GrpcTokenStream() override {
    context_.TryCancel();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  StreamEvent Next(absl::Duration longest) override {
    const gpr_timespec deadline = DeadlineIn(longest);
    for (;;) {
      void* tag = nullptr;
      bool ok = false;
      if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) {
        return NothingYet{};
      }
      // One operation is under way at any time.
      if (operation_ == Operation::kFinish) {
        return channel_.ToError(status_);
      }
      const bool is_message = ok && operation_ == Operation::kRead;
      StreamEvent event;
      if (is_message) {
        event = TakeUpdate();
      }
      if (ok) {
        operation_ = Operation::kRead;
        reader_->Read(&message_, this);
      } else {
        operation_ = Operation::kFinish;
        reader_->Finish(&status_, this);
      }
      if (is_message) {
        return event;
      }
    }
  }

  void Cancel() override { context_.TryCancel(); }

 private:
  enum class Operation { kStart, kRead, kFinish };

  StreamEvent TakeUpdate() {
    TokenUpdate update;
    update.credential = ToListed(message_.credential());
    if (message_.has_token()) {
      RpcResult<FetchedToken> token = TakeToken(*message_.mutable_token());
      if (auto* error = std::get_if<RpcError>(&token)) {
        return std::move(*error);
      }
      update.token = std::get<FetchedToken>(std::move(token));
    }
    return update;
  }

  GrpcChannel channel_;
  std::unique_ptr<v1::CredentialBrokerService::Stub> stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::WatchTokenResponse>> reader_;
  Operation operation_ = Operation::kStart;
  v1::WatchTokenResponse message_;
  grpc::Status status_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TokenStream>> TokenStream::Open(const ConnectionOptions& options,
                                                               const std::string& credential) {
  absl::StatusOr<GrpcChannel> channel = GrpcChannel::Open(options);
  if (!channel.ok()) {
    return channel.status();
  }
  return std::make_unique<GrpcTokenStream>(*std::move(channel), credential);
}

}  // namespace credential_broker::cli
