#include "config/host_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

namespace credential_broker::config {

HostPort SplitHostPort(std::string_view text) {
  HostPort parts;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end != std::string_view::npos) {
      parts.bracketed = true;
      parts.host = text.substr(1, end - 1);
      const std::string_view rest = text.substr(end + 1);
      if (rest.starts_with(':')) {
        parts.port = rest.substr(1);
      } else if (!rest.empty()) {
        parts.host = text;  // what follows the bracket is no port: no host either
      }
      return parts;
    }
  }
  const std::size_t colon = text.rfind(':');
  parts.host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    parts.port = text.substr(colon + 1);
  }
  return parts;
}

bool IsHost(const HostPort& parts) {
  const std::string host(parts.host);
  if (host.find('\0') != std::string::npos) {
    return false;  // C's functions would see less than stands there
  }
  if (parts.bracketed) {
    in6_addr address{};
    return inet_pton(AF_INET6, host.c_str(), &address) == 1;
  }
  if (host.find_first_not_of("0123456789.") == std::string::npos) {
    in_addr address{};
    return inet_pton(AF_INET, host.c_str(), &address) == 1;
  }
  return host.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
         std::string::npos;
}

}  // namespace credential_broker::config
