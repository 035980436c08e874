#ifndef CREDENTIAL_BROKER_CONFIG_HOST_PORT_H_
#define CREDENTIAL_BROKER_CONFIG_HOST_PORT_H_

#include <optional>
#include <string_view>

namespace credential_broker::config {

// `host:port` or `[v6]:port` taken apart. Views into the text.
struct HostPort {
  std::string_view host;  // without brackets; may be empty
  bool bracketed = false;
  std::optional<std::string_view> port;  // what follows the last colon; none: there is no colon
};

HostPort SplitHostPort(std::string_view text);

// An IPv4 address in four decimal parts, an IPv6 address (only if bracketed), or a name of letters,
// digits, `.`, `-` and `_`.
bool IsHost(const HostPort& parts);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_HOST_PORT_H_
