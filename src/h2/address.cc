#include "h2/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>

#include "absl/status/status.h"
#include "base/strings.h"

namespace credential_broker::h2 {
namespace {

// A socket is bound under a longer, temporary name first: see listener.cc.
constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1 - sizeof(".new");

bool Consume(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) {
    return false;
  }
  text.remove_prefix(prefix.size());
  return true;
}

absl::Status Bad(std::string_view text, std::string_view what) {
  return absl::InvalidArgumentError(StrCat("listen address \"", text, "\": ", what,
                                           "; write host:port, [v6]:port or unix:/path"));
}

absl::StatusOr<ListenAddress> ParseUnix(std::string_view text, std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return Bad(text, "the path of a unix socket begins with a /");
  }
  if (path.find('\0') != std::string_view::npos) {
    return Bad(text, "the path has a NUL in it");
  }
  if (path.size() > kLongestPath) {
    return Bad(text, StrCat("the path is longer than ", kLongestPath, " bytes"));
  }
  return UnixAddress{std::string(path)};
}

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

HostPort Split(const sockaddr_storage& address) {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, buffer, sizeof(buffer));
    return {buffer, ntohs(v4.sin_port)};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], buffer, sizeof(buffer));
    return {buffer, ntohs(v6.sin6_port)};
  }
  inet_ntop(AF_INET6, &v6.sin6_addr, buffer, sizeof(buffer));
  return {StrCat("[", buffer, "]"), ntohs(v6.sin6_port)};
}

bool IsInternet(const sockaddr_storage& address) {
  return address.ss_family == AF_INET || address.ss_family == AF_INET6;
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  std::string_view rest = text;
  if (Consume(rest, "unix:")) {
    return ParseUnix(text, rest);
  }
  TcpAddress address;
  std::string_view port;
  if (Consume(rest, "[")) {
    auto end = rest.find("]:");
    if (end == std::string_view::npos) {
      return Bad(text, "the [ is not closed by a ] and a port");
    }
    address.host = std::string(rest.substr(0, end));
    port = rest.substr(end + 2);
    in6_addr ignored;
    if (inet_pton(AF_INET6, address.host.c_str(), &ignored) != 1) {
      return Bad(text, "what stands in brackets is not an IPv6 address");
    }
  } else {
    auto colon = rest.rfind(':');
    if (colon == std::string_view::npos) {
      return Bad(text, "there is no port");
    }
    address.host = std::string(rest.substr(0, colon));
    port = rest.substr(colon + 1);
    if (address.host.find(':') != std::string::npos) {
      return Bad(text, "an IPv6 address stands in brackets");
    }
  }
  if (address.host.empty()) {
    return Bad(text, "there is no host (0.0.0.0 is every address of this machine)");
  }
  auto [end, error] =
      std::from_chars(port.data(), port.data() + port.size(), address.port);  // no sign, no space
  if (error != std::errc() || end != port.data() + port.size()) {
    return Bad(text, StrCat("\"", port, "\" is not a port from 0 to 65535"));
  }
  return address;
}

std::string FormatAddress(const sockaddr_storage& address) {
  if (!IsInternet(address)) {
    return "unix";
  }
  HostPort parts = Split(address);
  return StrCat(parts.host, ":", parts.port);
}

}  // namespace credential_broker::h2
