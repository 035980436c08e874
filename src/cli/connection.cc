#include "cli/connection.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "base/strings.h"
#include "config/scalars.h"

namespace credential_broker::cli {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

absl::Status BadAddress(std::string_view address) {
  return absl::InvalidArgumentError(
      StrCat("address \"", address,
             "\" is none of host:port, [v6]:port and unix:/path, such "
             "as 127.0.0.1:8443"));
}

bool IsPort(std::string_view text) {
  int port = 0;
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos &&
         absl::SimpleAtoi(ToAbsl(text), &port) && port > 0 && port <= 65535;
}

bool IsHost(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  });
}

bool IsV6(std::string_view text) {
  return text.find(':') != std::string_view::npos &&
         text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

absl::Status CheckTls(const Endpoint& endpoint) {
  if (endpoint.cert_file.empty() == endpoint.key_file.empty()) {
    return absl::OkStatus();
  }
  return endpoint.key_file.empty()
             ? absl::InvalidArgumentError("a client certificate needs its key: give --key-file too")
             : absl::InvalidArgumentError("a key needs its certificate: give --cert-file too");
}

}  // namespace

void AddConnectionOptions(Command& command, ConnectionOptions& options) {
  const std::string group = "Connection (a flag, or else the environment)";
  auto add = [&](Option option) {
    option.group = group;
    command.options.push_back(std::move(option));
  };
  add({.names = "--address",
       .value_name = "ADDRESS",
       .help = "host:port, [v6]:port or unix:/path of the broker; default 127.0.0.1:8443",
       .environment = "CREDENTIAL_BROKER_ADDRESS",
       .assign = Into(options.address)});
  add({.names = "--ca-file",
       .value_name = "FILE",
       .help = "PEM file of the authorities that may sign the broker's certificate; default: the "
               "system's",
       .is_file = true,
       .environment = "CREDENTIAL_BROKER_CA_FILE",
       .assign = Into(options.ca_file)});
  add({.names = "--cert-file",
       .value_name = "FILE",
       .help = "PEM file of the client certificate, with its chain",
       .is_file = true,
       .environment = "CREDENTIAL_BROKER_CERT_FILE",
       .assign = Into(options.cert_file)});
  add({.names = "--key-file",
       .value_name = "FILE",
       .help = "PEM file of the client certificate's key",
       .is_file = true,
       .environment = "CREDENTIAL_BROKER_KEY_FILE",
       .assign = Into(options.key_file)});
  add({.names = "--server-name",
       .value_name = "NAME",
       .help = "name that the broker's certificate must have; default: the host of the address",
       .environment = "CREDENTIAL_BROKER_SERVER_NAME",
       .assign = Into(options.server_name)});
  add({.names = "--plaintext",
       .help = "no TLS; a unix socket needs none",
       .environment = "CREDENTIAL_BROKER_PLAINTEXT",
       .assign = Into(options.plaintext)});
  add({.names = "--bearer-token-file",
       .value_name = "FILE",
       .help = "file of a Kubernetes ServiceAccount token to call with",
       .is_file = true,
       .environment = "CREDENTIAL_BROKER_BEARER_TOKEN_FILE",
       .assign = Into(options.bearer_token_file)});
  add({.names = "--timeout",
       .value_name = "DURATION",
       .help = StrCat("longest wait for the broker's answer, such as 250ms or 5s; default ",
                      config::DurationText(options.timeout)),
       .environment = "CREDENTIAL_BROKER_TIMEOUT",
       .assign = Into(options.timeout)});
}

absl::StatusOr<std::string> TargetOf(const std::string& address) {
  if (absl::StartsWith(address, ToAbsl(kUnixPrefix))) {
    if (address.size() == kUnixPrefix.size()) {
      return BadAddress(address);
    }
    return address;
  }
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || !IsPort(std::string_view(address).substr(colon + 1))) {
    return BadAddress(address);
  }
  const std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  if (IsHost(host)) {
    // With its scheme: gRPC would read "localhost:" as one.
    return "dns:///" + address;
  }
  const std::string_view inner =
      host.size() > 2 ? std::string_view(host).substr(1, host.size() - 2) : std::string_view();
  if (host.front() == '[' && host.back() == ']' && IsV6(inner)) {
    return StrCat("ipv6:%5B", inner, "%5D:", port);
  }
  return BadAddress(address);
}

absl::StatusOr<Endpoint> Settle(const ConnectionOptions& options) {
  absl::StatusOr<std::string> target = TargetOf(options.address.value);
  if (!target.ok()) {
    return target.status();
  }
  Endpoint endpoint = {.address = options.address.value,
                       .target = *std::move(target),
                       .bearer_token_file = options.bearer_token_file.value};
  const std::array tls = {&options.ca_file, &options.cert_file, &options.key_file,
                          &options.server_name};
  const bool tls_by_flag = std::any_of(
      tls.begin(), tls.end(), [](const auto* setting) { return setting->origin == Origin::kFlag; });
  const bool on_unix_socket = absl::StartsWith(endpoint.address, ToAbsl(kUnixPrefix));
  const Setting<bool>& plaintext = options.plaintext;

  if (plaintext.value && plaintext.origin == Origin::kFlag && tls_by_flag) {
    return absl::InvalidArgumentError(
        "--plaintext contradicts the TLS flags (--ca-file, --cert-file, --key-file, "
        "--server-name): give "
        "one or the other");
  }
  const bool plaintext_said = plaintext.value && !tls_by_flag;
  const bool plaintext_by_socket =
      on_unix_socket && !tls_by_flag && plaintext.origin == Origin::kDefault;
  if (plaintext_said || plaintext_by_socket) {
    endpoint.plaintext = true;
    return endpoint;
  }
  endpoint.ca_file = options.ca_file.value;
  endpoint.cert_file = options.cert_file.value;
  endpoint.key_file = options.key_file.value;
  endpoint.server_name = options.server_name.value;
  if (absl::Status status = CheckTls(endpoint); !status.ok()) {
    return status;
  }
  return endpoint;
}

}  // namespace credential_broker::cli
