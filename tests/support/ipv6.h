#ifndef CREDENTIAL_BROKER_TESTS_SUPPORT_IPV6_H_
#define CREDENTIAL_BROKER_TESTS_SUPPORT_IPV6_H_

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace credential_broker {

// Whether this machine has the address ::1; some containers do not.
inline bool HasIpv6Loopback() {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool has = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(fd);
  return has;
}

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_SUPPORT_IPV6_H_
