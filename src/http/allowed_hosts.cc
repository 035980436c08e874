#include "http/allowed_hosts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "base/strings.h"

namespace credential_broker::http {
namespace {

// The address that the socket is bound to, as Host writes it; none if it is not on loopback.
std::optional<std::string> LoopbackAddress(int listener) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  if (getsockname(listener, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return std::nullopt;
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, &storage, sizeof(address));
    constexpr std::uint32_t kLoopback = 127;
    inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
    return ntohl(address.sin_addr.s_addr) >> 24 == kLoopback ? std::optional(text.data())
                                                             : std::nullopt;
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, &storage, sizeof(address));
    inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
    return IN6_IS_ADDR_LOOPBACK(&address.sin6_addr) ? std::optional(StrCat("[", text.data(), "]"))
                                                    : std::nullopt;
  }
  return std::nullopt;
}

// `host` without its port.
std::string_view NameOf(std::string_view host) {
  const std::size_t port = host.rfind(':');
  const bool has_port = port != std::string_view::npos &&
                        host.find(']', port) == std::string_view::npos &&
                        std::all_of(host.begin() + static_cast<std::ptrdiff_t>(port) + 1,
                                    host.end(), [](char c) { return c >= '0' && c <= '9'; });
  return has_port ? host.substr(0, port) : host;
}

}  // namespace

AllowedHosts AllowedHosts::For(int listener) {
  std::optional<std::string> own = LoopbackAddress(listener);
  if (!own.has_value()) {
    return AllowedHosts({});
  }
  return AllowedHosts({"localhost", "127.0.0.1", "[::1]", *std::move(own)});
}

bool AllowedHosts::Allows(std::string_view host) const {
  const absl::string_view name = ToAbsl(NameOf(host));
  return names_.empty() || std::any_of(names_.begin(), names_.end(), [name](const auto& allowed) {
           return absl::EqualsIgnoreCase(allowed, name);
         });
}

}  // namespace credential_broker::http
