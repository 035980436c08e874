#ifndef CREDENTIAL_BROKER_BASE_PEER_ADDRESS_H_
#define CREDENTIAL_BROKER_BASE_PEER_ADDRESS_H_

#include <string>
#include <string_view>

namespace credential_broker {

// Returns `peer_address` (as in Peer) without its port and brackets: "192.0.2.1" of
// "192.0.2.1:50123", "2001:db8::1" of "[2001:db8::1]:50123", "unix" unchanged.
std::string_view HostOf(std::string_view peer_address);

// Returns what per-address limits count `host` (as HostOf returns it) by:
//
//   192.0.2.1        192.0.2.1      an IPv4 address
//   ::ffff:192.0.2.1 192.0.2.1      also when it is mapped into IPv6
//   2001:db8::1      2001:db8::/64  the /64 network of an IPv6 address: a single host owns all of
//                                   its addresses
//   anything else    unchanged
std::string CountedAddress(std::string_view host);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_PEER_ADDRESS_H_
