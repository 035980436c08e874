// A server for the gRPC conformance suite (connectrpc.com/conformance, docs/testing_servers.md):
// reads a ServerCompatRequest from stdin, serves what it asks for on loopback, and tells where on
// stdout.

#include <cstdint>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/secret.h"
#include "conformance/conformance_service.h"
#include "conformance/paced_call.h"
#include "conformance/serve.h"
#include "connectrpc/conformance/v1/server_compat.pb.h"
#include "rpc/router.h"

namespace {

namespace cb = credential_broker;
namespace conformance = ::connectrpc::conformance::v1;

// Messages on both streams are preceded by their size: four bytes, big-endian.
std::optional<conformance::ServerCompatRequest> ReadRequest() {
  std::string size_bytes(4, '\0');
  if (!std::cin.read(size_bytes.data(), 4)) {
    return std::nullopt;
  }
  std::uint32_t size = 0;
  for (char c : size_bytes) {
    size = size << 8U | static_cast<unsigned char>(c);
  }
  std::string message(size, '\0');
  conformance::ServerCompatRequest request;
  if (!std::cin.read(message.data(), size) || !request.ParseFromString(message)) {
    return std::nullopt;
  }
  return request;
}

void WriteResponse(const conformance::ServerCompatResponse& response) {
  const std::string message = response.SerializeAsString();
  for (int shift = 24; shift >= 0; shift -= 8) {
    std::cout.put(static_cast<char>(message.size() >> shift));
  }
  std::cout << message << std::flush;
}

}  // namespace

int main() {
  const std::optional<conformance::ServerCompatRequest> request = ReadRequest();
  if (!request) {
    std::cerr << "stdin has no ServerCompatRequest: let connectconformance start this server\n";
    return 1;
  }
  cb::BlockSignals();
  cb::DelayThread delays;
  cb::rpc::Router router;
  const std::uint32_t limit = request->message_receive_limit();
  cb::AddConformanceService(
      router, {.max_message = limit > 0 ? limit : std::numeric_limits<std::uint32_t>::max()},
      delays);

  cb::h2::ServerOptions options;
  options.address = "127.0.0.1:0";
  conformance::ServerCompatResponse response;
  response.set_host("127.0.0.1");
  if (request->use_tls()) {
    options.tls.emplace();
    options.tls->certificate_chain = request->server_creds().cert();
    options.tls->private_key = cb::Secret(request->server_creds().key());
    options.tls->client_ca = request->client_tls_cert();
    options.tls->allow_pinned_client = true;  // it is the client's own
    response.set_pem_cert(request->server_creds().cert());
  }
  return cb::ServeUntilSignal(std::move(options), router, [&response](int port) {
    response.set_port(static_cast<std::uint32_t>(port));
    WriteResponse(response);
  });
}
