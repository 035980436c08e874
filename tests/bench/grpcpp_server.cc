// A yardstick: a bare grpc++ callback server of the same contract. It answers GetToken with a token
// of a given size and checks nothing; SIGUSR1 is a new token for all who watch.
// Usage: bench_grpcpp_server PORT_FILE TOKEN_BYTES CERT_FILE KEY_FILE [CLIENT_CA_FILE]

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>
#include <unordered_set>

#include "investsuite/credentialbroker/v1/credential_broker.grpc.pb.h"

namespace {

namespace api = ::investsuite::credentialbroker::v1;
using Clock = std::chrono::system_clock;

constexpr char kVersion[] = "00000000000000000000000000";

class Source {
 public:
  explicit Source(std::size_t token_bytes) : value_(token_bytes, 't') {}

  void Fill(api::AccessToken& token) const {
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(expiry_ - Clock::now());
    const auto expiry = Clock::to_time_t(expiry_);
    token.set_value(value_);
    token.set_token_type("Bearer");
    token.mutable_expire_time()->set_seconds(expiry);
    token.mutable_remaining_validity()->set_seconds(left.count());
    token.set_version(kVersion);
    token.mutable_refresh_time()->set_seconds(expiry - 1800);
  }
  void Fill(api::Credential& credential) const {
    const auto expiry = Clock::to_time_t(expiry_);
    credential.set_name("default");
    credential.set_state(api::Credential::STATE_READY);
    credential.set_version(kVersion);
    credential.mutable_expire_time()->set_seconds(expiry);
    credential.mutable_last_refresh_time()->set_seconds(expiry - 3600);
    credential.mutable_next_refresh_time()->set_seconds(expiry - 1800);
  }

 private:
  const std::string value_;
  const Clock::time_point expiry_ = Clock::now() + std::chrono::hours(1);
};

class Watch;

// The streams that are open.
class Watches {
 public:
  void Add(Watch& watch);
  void Remove(Watch& watch);
  void Push();

 private:
  std::mutex mutex_;
  std::unordered_set<Watch*> all_;
};

// One write in flight, and one more where a token came meanwhile.
class Watch : public grpc::ServerWriteReactor<api::WatchTokenResponse> {
 public:
  Watch(const Source& source, Watches& watches) : source_(source), watches_(watches) {
    watches_.Add(*this);
    Push();
  }

  void Push() {
    const std::lock_guard lock(mutex_);
    if (writing_) {
      pending_ = true;
    } else {
      Write();
    }
  }
  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (ok && pending_) {
      Write();
    }
  }
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override {
    watches_.Remove(*this);
    delete this;
  }

 private:
  void Write() {
    writing_ = true;
    pending_ = false;
    source_.Fill(*response_.mutable_token());
    source_.Fill(*response_.mutable_credential());
    StartWrite(&response_);
  }

  const Source& source_;
  Watches& watches_;
  std::mutex mutex_;
  bool writing_ = false;
  bool pending_ = false;
  api::WatchTokenResponse response_;
};

void Watches::Add(Watch& watch) {
  const std::lock_guard lock(mutex_);
  all_.insert(&watch);
}

void Watches::Remove(Watch& watch) {
  const std::lock_guard lock(mutex_);
  all_.erase(&watch);
}

void Watches::Push() {
  const std::lock_guard lock(mutex_);
  for (Watch* watch : all_) {
    watch->Push();
  }
}

class TokenServer : public api::CredentialBrokerService::CallbackService {
 public:
  explicit TokenServer(std::size_t token_bytes) : source_(token_bytes) {}

  grpc::ServerUnaryReactor* GetToken(grpc::CallbackServerContext* context,
                                     const api::GetTokenRequest* /*request*/,
                                     api::GetTokenResponse* response) override {
    source_.Fill(*response->mutable_token());
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerWriteReactor<api::WatchTokenResponse>* WatchToken(
      grpc::CallbackServerContext* /*context*/,
      const api::WatchTokenRequest* /*request*/) override {
    return new Watch(source_, watches_);
  }
  void Push() { watches_.Push(); }

 private:
  const Source source_;
  Watches watches_;
};

std::string ReadFile(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    std::cerr << "usage: bench_grpcpp_server PORT_FILE TOKEN_BYTES CERT_FILE KEY_FILE "
                 "[CLIENT_CA_FILE]\n";
    return 1;
  }
  grpc::SslServerCredentialsOptions tls(
      argc == 6 ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  tls.pem_key_cert_pairs.push_back({ReadFile(argv[4]), ReadFile(argv[3])});
  if (argc == 6) {
    tls.pem_root_certs = ReadFile(argv[5]);
  }
  // Before there are other threads: they inherit it.
  sigset_t push;
  sigemptyset(&push);
  sigaddset(&push, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &push, nullptr);
  TokenServer service(std::stoul(argv[2]));
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
  int signal = 0;
  while (sigwait(&push, &signal) == 0) {
    service.Push();
  }
  return 1;
}
