// A server for gRPC's interoperability clients, plaintext on loopback: interop_server --port P.
// With port 0 it takes any; the port is its first line on stdout.

#include <iostream>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "base/strings.h"
#include "conformance/interop_service.h"
#include "conformance/paced_call.h"
#include "conformance/serve.h"
#include "rpc/health_service.h"
#include "rpc/reflection_service.h"
#include "rpc/router.h"

int main(int argc, char** argv) {
  namespace cb = credential_broker;
  int port = 0;
  if (argc != 3 || std::string_view(argv[1]) != "--port" || !absl::SimpleAtoi(argv[2], &port)) {
    std::cerr << "usage: interop_server --port PORT\n";
    return 1;
  }
  cb::BlockSignals();
  cb::DelayThread delays;
  cb::rpc::Router router;
  cb::rpc::HealthService health;
  health.Set("", cb::rpc::ServingStatus::kServing);
  cb::AddInteropService(router, delays);
  health.AddTo(router);
  cb::rpc::AddReflection(router);
  cb::h2::ServerOptions options;
  options.address = cb::StrCat("127.0.0.1:", port);
  return cb::ServeUntilSignal(std::move(options), router, [](int bound) {
    std::cout << bound << '\n' << std::flush;
  });
}
