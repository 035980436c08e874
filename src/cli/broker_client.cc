// The one file that knows grpc++.
#include "cli/broker_client.h"

#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "cli/api_messages.h"
#include "cli/client_certificate.h"
#include "cli/pem_files.h"
#include "core/strings.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "investsuite/credentialbroker/v1/credential_broker.grpc.pb.h"

namespace credential_broker::cli {
namespace {

namespace v1 = investsuite::credentialbroker::v1;

// A broker that turns pages for ever is not followed.
constexpr int kMostPages = 1000;
constexpr int kPageSize = 1000;

void WipeString(std::string* text) { Wipe(text->data(), text->size()); }

// Whether, by gRPC's words for not being connected, there is a server that can have refused.
bool ReachedServer(std::string_view message) {
  return message.find("Failed to connect to remote host") == std::string_view::npos &&
         message.find("DNS resolution failed") == std::string_view::npos;
}

class GrpcBrokerClient : public BrokerClient {
 public:
  GrpcBrokerClient(Endpoint endpoint, const std::shared_ptr<grpc::Channel>& channel,
                   Secret bearer_token, absl::Duration timeout)
      : endpoint_(std::move(endpoint)),
        broker_(v1::CredentialBrokerService::NewStub(channel)),
        health_(grpc::health::v1::Health::NewStub(channel)),
        bearer_token_(std::move(bearer_token)),
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
      return ToError(status);
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
        return ToError(status);
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

  RpcResult<std::string> CheckHealth(const std::string& service) override {
    grpc::health::v1::HealthCheckRequest message;
    message.set_service(service);
    grpc::health::v1::HealthCheckResponse answer;
    const grpc::Status status = Call(
        [&](grpc::ClientContext* context) { return health_->Check(context, message, &answer); });
    if (!status.ok()) {
      return ToError(status);
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
    if (!bearer_token_.empty()) {
      std::string header = StrCat("Bearer ", bearer_token_.Reveal());
      context.AddMetadata("authorization", header);
      WipeString(&header);
    }
    return method(&context);
  }

  RpcError ToError(const grpc::Status& status) const {
    RpcError error =
        MakeRpcError(status.error_code(), status.error_message(), status.error_details());
    if (error.code == absl::StatusCode::kUnavailable && error.reason.empty() &&
        ReachedServer(error.message)) {
      error.client_certificate_refused = RefusesClientCertificate(endpoint_);
    }
    return error;
  }

  Endpoint endpoint_;
  std::unique_ptr<v1::CredentialBrokerService::Stub> broker_;
  std::unique_ptr<grpc::health::v1::Health::Stub> health_;
  Secret bearer_token_;
  std::chrono::system_clock::time_point deadline_;
};

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    const Endpoint& endpoint) {
  if (endpoint.plaintext) {
    return grpc::InsecureChannelCredentials();
  }
  absl::StatusOr<PemFiles> files = ReadPemFiles(endpoint);
  if (!files.ok()) {
    return files.status();
  }
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = files->authorities;
  options.pem_cert_chain = files->certificate;
  options.pem_private_key = std::string(files->key.Reveal());
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::SslCredentials(options);
  WipeString(&options.pem_private_key);
  return credentials;
}

grpc::ChannelArguments MakeArguments(const Endpoint& endpoint) {
  grpc::ChannelArguments arguments;
  // A proxy that the environment sets is for the way out, never between a caller and its broker.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  if (!endpoint.server_name.empty()) {
    arguments.SetSslTargetNameOverride(endpoint.server_name);
  }
  return arguments;
}

// The errors that matter come back as a status; grpc++'s own lines would only stand in between.
void QuietenGrpc() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables
  if (std::getenv("GRPC_VERBOSITY") == nullptr) {
    gpr_set_log_function([](gpr_log_func_args* /*args*/) {});
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<BrokerClient>> BrokerClient::Create(
    const ConnectionOptions& options) {
  absl::StatusOr<Endpoint> endpoint = Settle(options);
  if (!endpoint.ok()) {
    return endpoint.status();
  }
  Secret bearer_token;
  if (!endpoint->bearer_token_file.empty()) {
    absl::StatusOr<Secret> token = ReadTokenFile(endpoint->bearer_token_file);
    if (!token.ok()) {
      return token.status();
    }
    bearer_token = *std::move(token);
  }
  QuietenGrpc();
  auto credentials = MakeCredentials(*endpoint);
  if (!credentials.ok()) {
    return credentials.status();
  }
  auto channel =
      grpc::CreateCustomChannel(endpoint->target, *credentials, MakeArguments(*endpoint));
  return std::make_unique<GrpcBrokerClient>(*std::move(endpoint), channel, std::move(bearer_token),
                                            options.timeout);
}

}  // namespace credential_broker::cli
