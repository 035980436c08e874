#ifndef CREDENTIAL_BROKER_CLI_CONNECTION_H_
#define CREDENTIAL_BROKER_CLI_CONNECTION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/command.h"

namespace credential_broker::cli {

// How to reach the broker, as flags and environment say it.
struct ConnectionOptions {
  Setting<std::string> address = {"127.0.0.1:8443"};
  Setting<bool> plaintext = {};
  Setting<std::string> ca_file = {};
  Setting<std::string> cert_file = {};
  Setting<std::string> key_file = {};
  Setting<std::string> server_name = {};
  Setting<std::string> bearer_token_file = {};
  absl::Duration timeout = absl::Seconds(10);
};

// Adds the flags that all client commands share. `options` outlives `command`.
void AddConnectionOptions(Command& command, ConnectionOptions& options);

// The same, settled: what contradicts itself is refused.
struct Endpoint {
  std::string address = {};  // as given, for messages
  std::string target = {};   // as gRPC names it
  bool plaintext = false;
  std::string ca_file = {};    // empty: the system's roots
  std::string cert_file = {};  // empty: no client certificate
  std::string key_file = {};
  std::string server_name = {};        // empty: that of the address
  std::string bearer_token_file = {};  // empty: none
};

// A flag beats the environment: --plaintext leaves the environment's TLS files out, and a TLS file
// by flag its CREDENTIAL_BROKER_PLAINTEXT. On a unix socket only TLS files by flag ask for TLS.
absl::StatusOr<Endpoint> Settle(const ConnectionOptions& options);

// `address` (host:port, [v6]:port or unix:/path) as a gRPC target.
absl::StatusOr<std::string> TargetOf(const std::string& address);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_CONNECTION_H_
