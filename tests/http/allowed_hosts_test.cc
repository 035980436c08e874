#include "http/allowed_hosts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace credential_broker::http {
namespace {

AllowedHosts Bound(int family, const void* address, socklen_t size) {
  const int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (family == AF_INET6) {
    // Not every machine has ::1.
    const int on = 1;
    EXPECT_EQ(setsockopt(listener, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof(on)), 0);
  }
  EXPECT_EQ(bind(listener, static_cast<const sockaddr*>(address), size), 0);
  AllowedHosts hosts = AllowedHosts::For(listener);
  close(listener);
  return hosts;
}

AllowedHosts BoundTo4(const char* text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  EXPECT_EQ(inet_pton(AF_INET, text, &address.sin_addr), 1);
  return Bound(AF_INET, &address, sizeof(address));
}

constexpr const char* kLoopbackHosts[] = {"localhost",  "localhost:9090", "LocalHost",
                                          "127.0.0.1",  "127.0.0.1:1",    "[::1]",
                                          "[::1]:9090", "localhost:"};
constexpr const char* kOtherHosts[] = {"evil.example",
                                       "evil.example:9090",
                                       "localhost.evil.example",
                                       "127.0.0.1.evil.example",
                                       "",
                                       ":9090",
                                       "192.0.2.1",
                                       "127.0.0.1:80:80",
                                       "[::1",
                                       "::1",
                                       "localhost:http",
                                       "evil.example:localhost",
                                       "localhost."};

TEST(AllowedHosts, OnLoopbackAreTheNamesOfLoopback) {
  const AllowedHosts hosts = BoundTo4("127.0.0.1");
  for (const char* host : kLoopbackHosts) {
    EXPECT_TRUE(hosts.Allows(host)) << host;
  }
  for (const char* host : kOtherHosts) {
    EXPECT_FALSE(hosts.Allows(host)) << host;
  }
  EXPECT_FALSE(hosts.Allows("127.0.0.2"));
}

TEST(AllowedHosts, OnLoopbackIncludeTheBoundAddress) {
  const AllowedHosts hosts = BoundTo4("127.0.0.2");
  EXPECT_TRUE(hosts.Allows("127.0.0.2:9090"));
  EXPECT_TRUE(hosts.Allows("localhost"));
  EXPECT_FALSE(hosts.Allows("evil.example"));
}

TEST(AllowedHosts, OnIpv6LoopbackAreTheSame) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const AllowedHosts hosts = Bound(AF_INET6, &address, sizeof(address));
  EXPECT_TRUE(hosts.Allows("[::1]:9090"));
  EXPECT_TRUE(hosts.Allows("localhost"));
  EXPECT_FALSE(hosts.Allows("evil.example"));
}

TEST(AllowedHosts, OnOtherAddressesAreAny) {
  sockaddr_in6 any6{};
  any6.sin6_family = AF_INET6;
  sockaddr_un unix_socket{};
  unix_socket.sun_family = AF_UNIX;
  const AllowedHosts listeners[] = {
      BoundTo4("0.0.0.0"), Bound(AF_INET6, &any6, sizeof(any6)),
      Bound(AF_UNIX, &unix_socket,
            sizeof(unix_socket.sun_family))};  // a name of the kernel's choice
  for (const AllowedHosts& hosts : listeners) {
    for (const char* host : kOtherHosts) {
      EXPECT_TRUE(hosts.Allows(host)) << host;
    }
  }
}

}  // namespace
}  // namespace credential_broker::http
