#include "cli_client/fake_broker.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "investsuite/credentialbroker/v1/credential_broker.grpc.pb.h"

namespace credential_broker::cli {
namespace {

namespace v1 = investsuite::credentialbroker::v1;
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

std::string MetadataOf(const grpc::ServerContext& context, const std::string& name) {
  const auto it = context.client_metadata().find(name);
  return it == context.client_metadata().end() ? ""
                                               : std::string(it->second.data(), it->second.size());
}

}  // namespace

// NOLINTNEXTLINE(misc-multiple-inheritance): both services answer from one state
class FakeBroker::Impl : public v1::CredentialBrokerService::Service, public Health::Service {
 public:
  grpc::Status GetToken(grpc::ServerContext* context, const v1::GetTokenRequest* request,
                        v1::GetTokenResponse* response) override {
    AwaitSpeech();
    const std::scoped_lock lock(mutex);
    calls.push_back({*request, MetadataOf(*context, "authorization"),
                     absl::FromChrono(context->deadline()) - absl::Now()});
    *response->mutable_token() = token;
    return error;
  }

  grpc::Status ListCredentials(grpc::ServerContext* /*context*/,
                               const v1::ListCredentialsRequest* request,
                               v1::ListCredentialsResponse* response) override {
    AwaitSpeech();
    const std::scoped_lock lock(mutex);
    const std::size_t page = request->page_token().empty() ? 0 : std::stoul(request->page_token());
    if (page < pages.size()) {
      *response = pages[page];
    }
    if (page + 1 < pages.size()) {
      response->set_next_page_token(std::to_string(page + 1));
    }
    return error;
  }

  grpc::Status Check(grpc::ServerContext* /*context*/, const HealthCheckRequest* request,
                     HealthCheckResponse* response) override {
    AwaitSpeech();
    const std::scoped_lock lock(mutex);
    const auto it = health.find(request->service());
    if (error.ok() && it == health.end()) {
      return {grpc::StatusCode::NOT_FOUND, "unknown service"};
    }
    if (error.ok()) {
      response->set_status(it->second ? HealthCheckResponse::SERVING
                                      : HealthCheckResponse::NOT_SERVING);
    }
    return error;
  }

  std::mutex mutex;
  std::condition_variable silence_broken;
  bool silent = false;
  v1::AccessToken token;
  grpc::Status error;
  std::vector<v1::ListCredentialsResponse> pages;
  std::map<std::string, bool> health;
  std::vector<Call> calls;
  std::string address;
  int port = 0;
  std::unique_ptr<grpc::Server> server;

 private:
  void AwaitSpeech() {
    std::unique_lock lock(mutex);
    silence_broken.wait(lock, [this] { return !silent; });
  }
};

FakeBroker::FakeBroker(const Options& options) : impl_(std::make_unique<Impl>()) {
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  if (!options.cert_pem.empty()) {
    grpc::SslServerCredentialsOptions tls(
        options.client_ca_pem.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                      : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    tls.pem_root_certs = options.client_ca_pem;
    tls.pem_key_cert_pairs.push_back({options.key_pem, options.cert_pem});
    credentials = grpc::SslServerCredentials(tls);
  }
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.listen, credentials, &impl_->port);
  builder.RegisterService(static_cast<v1::CredentialBrokerService::Service*>(impl_.get()));
  builder.RegisterService(static_cast<Health::Service*>(impl_.get()));
  impl_->server = builder.BuildAndStart();
  const bool on_unix_socket = options.listen.starts_with("unix:");
  impl_->address = on_unix_socket ? options.listen
                                  : options.listen.substr(0, options.listen.rfind(':') + 1) +
                                        std::to_string(impl_->port);
  impl_->token = ExampleToken();
}

FakeBroker::~FakeBroker() {
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->silent = false;
  }
  impl_->silence_broken.notify_all();
  impl_->server->Shutdown(std::chrono::system_clock::now());
  impl_->server->Wait();
}

const std::string& FakeBroker::address() const { return impl_->address; }

int FakeBroker::port() const { return impl_->port; }

void FakeBroker::SetToken(v1::AccessToken token) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->token = std::move(token);
}

void FakeBroker::SetError(int code, const std::string& message, const std::string& reason,
                          const std::map<std::string, std::string>& metadata,
                          absl::Duration retry_after) {
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(message);
  if (!reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_domain("credential-broker");
    info.set_reason(reason);
    info.mutable_metadata()->insert(metadata.begin(), metadata.end());
    details.add_details()->PackFrom(info);
  }
  if (retry_after > absl::ZeroDuration()) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(retry_after));
    retry.mutable_retry_delay()->set_nanos(
        static_cast<int>(absl::ToInt64Nanoseconds(retry_after) % 1'000'000'000));
    details.add_details()->PackFrom(retry);
  }
  const std::scoped_lock lock(impl_->mutex);
  impl_->error = grpc::Status(static_cast<grpc::StatusCode>(code), message,
                              reason.empty() ? "" : details.SerializeAsString());
}

void FakeBroker::SetPages(std::vector<v1::ListCredentialsResponse> pages) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->pages = std::move(pages);
}

void FakeBroker::SetHealth(const std::string& service, bool serving) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->health[service] = serving;
}

void FakeBroker::SetSilent() {
  const std::scoped_lock lock(impl_->mutex);
  impl_->silent = true;
}

std::vector<FakeBroker::Call> FakeBroker::calls() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->calls;
}

v1::AccessToken ExampleToken() {
  v1::AccessToken token;
  token.set_value("the-token");
  token.set_token_type("Bearer");
  token.mutable_expire_time()->set_seconds(1'700'000'300);
  token.mutable_remaining_validity()->set_seconds(240);
  token.mutable_remaining_validity()->set_nanos(500'000'000);
  token.set_version("v-7");
  token.mutable_refresh_time()->set_seconds(1'700'000'150);
  return token;
}

}  // namespace credential_broker::cli
