#ifndef CREDENTIAL_BROKER_H2_ADDRESS_H_
#define CREDENTIAL_BROKER_H2_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/statusor.h"

namespace credential_broker::h2 {

struct TcpAddress {
  std::string host;  // a name or a number, without brackets
  std::uint16_t port = 0;
};

struct UnixAddress {
  std::string path;  // absolute
};

using ListenAddress = std::variant<TcpAddress, UnixAddress>;

// Reads "host:port", "[v6]:port" or "unix:/path". INVALID_ARGUMENT says what is wrong and what is
// expected.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

// "192.0.2.1:443", "[2001:db8::1]:443" or "unix". An IPv4 address mapped into IPv6 is shown as
// IPv4.
std::string FormatAddress(const sockaddr_storage& address);

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_ADDRESS_H_
