#ifndef CREDENTIAL_BROKER_CORE_PEER_H_
#define CREDENTIAL_BROKER_CORE_PEER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace credential_broker {

// What the transport knows of the other end of a connection. A certificate's names are here only
// after the certificate was verified against the listener's client CA.
struct Peer {
  std::string address;  // "192.0.2.1:50123", "[2001:db8::1]:50123" or "unix"
  bool has_certificate = false;
  std::vector<std::string> uri_sans;
  std::vector<std::string> dns_sans;
  std::optional<std::uint32_t> unix_uid;  // SO_PEERCRED of a unix socket
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_PEER_H_
