// A yardstick: a bare grpc++ callback server of the same contract. It answers GetToken with a token
// of a fixed size and checks nothing. Usage: bench_grpcpp_server PORT_FILE CERT_FILE KEY_FILE
// [CLIENT_CA_FILE]

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "investsuite/credentialbroker/v1/credential_broker.grpc.pb.h"

namespace {

namespace api = ::investsuite::credentialbroker::v1;

// As many bytes as the sandbox's JWT, so that all servers send the same.
constexpr std::size_t kTokenBytes = 520;

class TokenServer : public api::CredentialBrokerService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetToken(grpc::CallbackServerContext* context,
                                     const api::GetTokenRequest* /*request*/,
                                     api::GetTokenResponse* response) override {
    const auto now = std::chrono::system_clock::now();
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(expiry_ - now).count();
    const auto expiry = std::chrono::system_clock::to_time_t(expiry_);
    api::AccessToken& token = *response->mutable_token();
    token.set_value(value_);
    token.set_token_type("Bearer");
    token.mutable_expire_time()->set_seconds(expiry);
    token.mutable_remaining_validity()->set_seconds(left);
    token.set_version("00000000000000000000000000");
    token.mutable_refresh_time()->set_seconds(expiry - 1800);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const std::string value_ = std::string(kTokenBytes, 't');
  const std::chrono::system_clock::time_point expiry_ =
      std::chrono::system_clock::now() + std::chrono::hours(1);
};

std::string ReadFile(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) {
    std::cerr << "usage: bench_grpcpp_server PORT_FILE CERT_FILE KEY_FILE [CLIENT_CA_FILE]\n";
    return 1;
  }
  grpc::SslServerCredentialsOptions tls(
      argc == 5 ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  tls.pem_key_cert_pairs.push_back({ReadFile(argv[3]), ReadFile(argv[2])});
  if (argc == 5) {
    tls.pem_root_certs = ReadFile(argv[4]);
  }
  TokenServer service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    std::cerr << "cannot start\n";
    return 1;
  }
  const std::string fresh = std::string(argv[1]) + ".new";
  std::ofstream(fresh) << port;
  std::rename(fresh.c_str(), argv[1]);
  server->Wait();
  return 0;
}
