// A server of the h2 room alone, for h2spec and h2load.
//   h2_hello_server --port P [--tls-cert F --tls-key F [--client-ca F]] [--loops N]

#include <csignal>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "h2/echo_application.h"
#include "h2/server.h"

namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

int main(int argc, char** argv) {
  using credential_broker::Secret;
  namespace h2 = credential_broker::h2;
  std::string port = "0";
  std::string cert;
  std::string key;
  std::string client_ca;
  h2::ServerOptions options;
  // The load tools' connections come from one address, and live as long as they want them to.
  options.limits.max_connection_age = absl::Hours(1);
  options.limits.max_connections_per_address = options.limits.max_connections;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string_view flag = argv[i];
    std::string value = argv[i + 1];
    if (flag == "--port") {
      port = value;
    } else if (flag == "--tls-cert") {
      cert = value;
    } else if (flag == "--tls-key") {
      key = value;
    } else if (flag == "--client-ca") {
      client_ca = value;
    } else if (flag == "--loops") {
      std::from_chars(value.data(), value.data() + value.size(), options.loops);
    }
  }
  options.address = "127.0.0.1:" + port;
  if (!cert.empty()) {
    options.tls.emplace();
    options.tls->certificate_chain = ReadFile(cert);
    options.tls->private_key = Secret(ReadFile(key));
    options.tls->client_ca = client_ca.empty() ? "" : ReadFile(client_ca);
  }
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  h2::EchoApplication application;
  auto server = h2::Server::Start(std::move(options), application);
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", server.status().ToString().c_str());
    return 1;
  }
  std::printf("%s\n", (*server)->address().c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&stop, &signal);
  (*server)->Drain(absl::Seconds(5));
  return 0;
}
