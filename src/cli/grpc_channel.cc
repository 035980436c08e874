// With broker_client.cc and token_stream.cc, one of the three files that know grpc++.
#include "cli/grpc_channel.h"

#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "cli/client_certificate.h"
#include "cli/pem_files.h"

namespace credential_broker::cli {
namespace {

// A broker that is gone without a word is noticed after the sum of both.
constexpr int kKeepaliveMilliseconds = 30'000;
constexpr int kKeepaliveTimeoutMilliseconds = 10'000;

void WipeString(std::string* text) { Wipe(text->data(), text->size()); }

// Whether, by gRPC's words for not being connected, there is a server that can have refused.
bool ReachedServer(std::string_view message) {
  return message.find("Failed to connect to remote host") == std::string_view::npos &&
         message.find("DNS resolution failed") == std::string_view::npos;
}

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
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMilliseconds);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // Each channel connects by itself: a client that comes back after a while must not find that
  // gRPC is still waiting because of the channel before.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
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

absl::StatusOr<GrpcChannel> GrpcChannel::Open(const ConnectionOptions& options) {
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
  return GrpcChannel(*std::move(endpoint), std::move(channel), std::move(bearer_token));
}

GrpcChannel::GrpcChannel(Endpoint endpoint, std::shared_ptr<grpc::Channel> channel,
                         Secret bearer_token)
    : endpoint_(std::move(endpoint)),
      channel_(std::move(channel)),
      bearer_token_(std::move(bearer_token)) {}

void GrpcChannel::Authorize(grpc::ClientContext& context) const {
  if (!bearer_token_.empty()) {
    std::string header = StrCat("Bearer ", bearer_token_.Reveal());
    context.AddMetadata("authorization", header);
    WipeString(&header);
  }
}

RpcError GrpcChannel::ToError(const grpc::Status& status) const {
  RpcError error =
      MakeRpcError(status.error_code(), status.error_message(), status.error_details());
  if (error.code == absl::StatusCode::kUnavailable && error.reason.empty() &&
      ReachedServer(error.message)) {
    error.client_certificate_refused = RefusesClientCertificate(endpoint_);
  }
  return error;
}

}  // namespace credential_broker::cli
