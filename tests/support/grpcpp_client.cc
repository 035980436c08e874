// As tests/go/rolling_client, with grpc++:
//
//   grpcpp_client CA_FILE CERT_FILE KEY_FILE SERVICE_CONFIG ADDRESS,…
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "investsuite/credentialbroker/v1/credential_broker.grpc.pb.h"

namespace {

namespace api = ::investsuite::credentialbroker::v1;

constexpr int kCallers = 4;
constexpr auto kPace = std::chrono::milliseconds(2);

std::string Read(const char* path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::shared_ptr<grpc::Channel> Connect(char** argv) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = Read(argv[1]);
  tls.pem_cert_chain = Read(argv[2]);
  tls.pem_private_key = Read(argv[3]);
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(argv[4]);
  arguments.SetSslTargetNameOverride("localhost");
  return grpc::CreateCustomChannel(std::string("ipv4:") + argv[5], grpc::SslCredentials(tls),
                                   arguments);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: grpcpp_client CA_FILE CERT_FILE KEY_FILE SERVICE_CONFIG ADDRESS,…\n";
    return 1;
  }
  const auto stub = api::CredentialBrokerService::NewStub(Connect(argv));
  std::atomic<bool> ended = false;
  std::atomic<int> calls = 0;
  std::atomic<int> failed = 0;
  std::mutex mutex;
  std::condition_variable end;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([&] {
      std::unique_lock<std::mutex> lock(mutex);
      while (!end.wait_for(lock, kPace, [&] { return ended.load(); })) {
        lock.unlock();
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
        api::GetTokenResponse response;
        const grpc::Status status = stub->GetToken(&context, {}, &response);
        lock.lock();
        if (++calls == 1) {
          std::cout << "calling\n" << std::flush;
        }
        if (!status.ok()) {
          ++failed;
          std::cerr << status.error_code() << ": " << status.error_message() << '\n';
        }
      }
    });
  }
  while (std::getchar() != EOF) {
  }
  {
    const std::lock_guard<std::mutex> lock(mutex);
    ended = true;
    end.notify_all();
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  std::cout << "{\"calls\": " << calls << ", \"failed\": " << failed << ", \"last_error\": \"\"}\n";
}
