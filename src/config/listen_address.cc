#include "config/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <string>

#include "config/host_port.h"
#include "config/scalars.h"

namespace credential_broker::config {
namespace {

absl::StatusOr<Reach> CheckUnixPath(std::string_view path) {
  if (!path.starts_with('/')) {
    return absl::InvalidArgumentError(
        "the path of a unix socket must be absolute; write unix:/run/…/broker.sock");
  }
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return absl::InvalidArgumentError(
        "the path of a unix socket is longer than the kernel takes; keep it below 108 bytes");
  }
  return Reach::kThisMachine;
}

bool IsLoopback(const HostPort& parts) {
  const std::string host(parts.host);
  if (parts.bracketed) {
    in6_addr address{};
    return inet_pton(AF_INET6, host.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
  }
  in_addr address{};
  const bool in_127 = inet_pton(AF_INET, host.c_str(), &address) == 1 &&
                      (ntohl(address.s_addr) >> IN_CLASSA_NSHIFT) == IN_LOOPBACKNET;
  return in_127 || host == "localhost";
}

}  // namespace

absl::StatusOr<Reach> CheckListenAddress(std::string_view address) {
  if (address.starts_with(kUnixPrefix)) {
    return CheckUnixPath(address.substr(kUnixPrefix.size()));
  }
  const HostPort parts = SplitHostPort(address);
  if (!parts.port.has_value()) {
    return absl::InvalidArgumentError(
        "has no port; write host:port, [v6]:port or unix:/path, such as 0.0.0.0:8443");
  }
  if (parts.host.empty()) {
    return absl::InvalidArgumentError(
        "has no host; write 0.0.0.0 or [::] before the colon to listen on every address");
  }
  if (!parts.bracketed && parts.host.find(':') != std::string_view::npos) {
    return absl::InvalidArgumentError(
        "an IPv6 address stands in brackets before the port; write [::1]:8443");
  }
  if (!IsHost(parts)) {
    return absl::InvalidArgumentError(
        "the part before the port is neither an address nor a name; write host:port, [v6]:port or "
        "unix:/path");
  }
  const std::optional<std::uint32_t> port = ParseWhole(*parts.port);
  if (!port.has_value() || *port > kMaxPort) {
    return absl::InvalidArgumentError("the port must be a number from 0 to 65535");
  }
  return IsLoopback(parts) ? Reach::kThisMachine : Reach::kNetwork;
}

}  // namespace credential_broker::config
