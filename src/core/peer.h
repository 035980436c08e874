#ifndef CREDENTIAL_BROKER_CORE_PEER_H_
#define CREDENTIAL_BROKER_CORE_PEER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/certificate_scope.h"

namespace credential_broker {

// What the transport knows of the other end of a connection. A certificate's names are here only
// after the certificate was verified against the listener's client CA.
struct Peer {
  std::string address;  // "192.0.2.1:50123", "[2001:db8::1]:50123" or "unix"
  // What per-address limits count the peer by: the IPv4 address, the /64 network of an IPv6 address
  // (core/peer_address.h), or "unix:uid:1000" on a unix socket.
  std::string counted_as;
  bool has_certificate = false;
  std::vector<std::string> uri_sans;
  std::vector<std::string> dns_sans;
  // The names that the CA of the certificate may issue certificates for; null: any.
  std::shared_ptr<const CertificateScope> certificate_scope;
  // The earliest notAfter in the certificate's chain; InfiniteFuture without a certificate.
  absl::Time certificate_expires_at = absl::InfiniteFuture();
  std::optional<std::uint32_t> unix_uid;  // SO_PEERCRED of a unix socket
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_PEER_H_
