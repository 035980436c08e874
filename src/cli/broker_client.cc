#include "cli/broker_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/strings.h"
#include "cli/api_messages.h"
#include "cli/grpc_channel.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "investsuite/credentialbroker/v1/credential_broker.grpc.pb.h"

namespace credential_broker::cli {
namespace {

namespace v1 = investsuite::credentialbroker::v1;

// A broker that turns pages for ever is not followed.
constexpr int kMostPages = 1000;
constexpr int kPageSize = 1000;

class GrpcBrokerClient : public BrokerClient {
 public:
  GrpcBrokerClient(GrpcChannel channel, absl::Duration timeout)
      : channel_(std::move(channel)),
        broker_(v1::CredentialBrokerService::NewStub(channel_.channel())),
        admin_(v1::CredentialBrokerAdminService::NewStub(channel_.channel())),
        health_(grpc::health::v1::Health::NewStub(channel_.channel())),
        deadline_(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout)) {}

  RpcResult<FetchedToken> GetToken(const TokenRequest& request) override {
    v1::GetTokenRequest message;
    message.set_credential(request.credential);
    message.set_rejected_version(request.rejected_version);
    if (request.min_validity > absl::ZeroDuration()) {
      absl::Duration rest;
      message.mutable_min_validity()->set_seconds(
          absl::IDivDuration(request.min_validity, absl::Seconds(1), &rest));
      message.mutable_min_validity()->set_nanos(static_cast<int>(absl::ToInt64Nanoseconds(rest)));
    }
    v1::GetTokenResponse answer;
    const grpc::Status status = Call(
        [&](grpc::ClientContext* context) { return broker_->GetToken(context, message, &answer); });
    if (!status.ok()) {
      return channel_.ToError(status);
    }
    return TakeToken(*answer.mutable_token());
  }

  RpcResult<std::vector<ListedCredential>> ListCredentials() override {
    std::vector<ListedCredential> all;
    v1::ListCredentialsRequest message;
    message.set_page_size(kPageSize);
    for (int page = 0; page < kMostPages; ++page) {
      v1::ListCredentialsResponse answer;
      const grpc::Status status = Call([&](grpc::ClientContext* context) {
        return broker_->ListCredentials(context, message, &answer);
      });
      if (!status.ok()) {
        return channel_.ToError(status);
      }
      std::transform(answer.credentials().begin(), answer.credentials().end(),
                     std::back_inserter(all), ToListed);
      if (answer.next_page_token().empty()) {
        return all;
      }
      message.set_page_token(answer.next_page_token());
    }
    return BadAnswer(StrCat("the list does not end after ", kMostPages, " pages"));
  }

  RpcResult<ListedCredential> RefreshCredential(const std::string& name) override {
    v1::RefreshCredentialRequest message;
    message.set_credential(name);
    v1::RefreshCredentialResponse answer;
    const grpc::Status status = Call([&](grpc::ClientContext* context) {
      return admin_->RefreshCredential(context, message, &answer);
    });
    if (!status.ok()) {
      return channel_.ToError(status);
    }
    return ToListed(answer.credential());
  }

  RpcResult<std::string> CheckHealth(const std::string& service) override {
    grpc::health::v1::HealthCheckRequest message;
    message.set_service(service);
    grpc::health::v1::HealthCheckResponse answer;
    const grpc::Status status = Call(
        [&](grpc::ClientContext* context) { return health_->Check(context, message, &answer); });
    if (!status.ok()) {
      return channel_.ToError(status);
    }
    const std::string& name =
        grpc::health::v1::HealthCheckResponse::ServingStatus_Name(answer.status());
    return name.empty() ? StrCat(static_cast<int>(answer.status())) : name;
  }

 private:
  // One call with the deadline and the caller's own token. The deadline is that of all calls
  // together.
  template <typename Method>
  grpc::Status Call(Method method) {
    grpc::ClientContext context;
    context.set_deadline(deadline_);
    channel_.Authorize(context);
    return method(&context);
  }

  GrpcChannel channel_;
  std::unique_ptr<v1::CredentialBrokerService::Stub> broker_;
  std::unique_ptr<v1::CredentialBrokerAdminService::Stub> admin_;
  std::unique_ptr<grpc::health::v1::Health::Stub> health_;
  std::chrono::system_clock::time_point deadline_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<BrokerClient>> BrokerClient::Create(
    const ConnectionOptions& options) {
  absl::StatusOr<GrpcChannel> channel = GrpcChannel::Open(options);
  if (!channel.ok()) {
    return channel.status();
  }
  return std::make_unique<GrpcBrokerClient>(*std::move(channel), options.timeout);
}

}  // namespace credential_broker::cli
