#include "conformance/serve.h"

#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "base/clock.h"
#include "rpc/grpc_application.h"

namespace credential_broker {

namespace {

sigset_t EndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

void BlockSignals() {
  const sigset_t signals = EndSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

int ServeUntilSignal(h2::ServerOptions options, const rpc::Router& router,
                     const std::function<void(int port)>& on_serving) {
  rpc::GrpcApplication application(router, SystemClock());
  absl::StatusOr<std::unique_ptr<h2::Server>> server =
      h2::Server::Start(std::move(options), application);
  if (!server.ok()) {
    std::cerr << server.status().ToString() << '\n';
    return 1;
  }
  const std::string& address = (*server)->address();
  int port = 0;
  if (!absl::SimpleAtoi(address.substr(address.rfind(':') + 1), &port)) {
    std::cerr << "no port in the address " << address << '\n';
    return 1;
  }
  on_serving(port);
  const sigset_t signals = EndSignals();
  int signal = 0;
  sigwait(&signals, &signal);
  (*server)->Drain(absl::ZeroDuration());
  return 0;
}

}  // namespace credential_broker
