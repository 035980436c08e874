#include "h2/address.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace credential_broker::h2 {
namespace {

using ::testing::HasSubstr;

TcpAddress Tcp(std::string_view text) {
  auto address = ParseListenAddress(text);
  EXPECT_TRUE(address.ok()) << address.status();
  return address.ok() ? std::get<TcpAddress>(*address) : TcpAddress();
}

std::string Refusal(std::string_view text) {
  auto address = ParseListenAddress(text);
  EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return address.status().ToString();
}

TEST(Address, ReadsHostAndPort) {
  EXPECT_EQ(Tcp("0.0.0.0:8443").host, "0.0.0.0");
  EXPECT_EQ(Tcp("0.0.0.0:8443").port, 8443);
  EXPECT_EQ(Tcp("localhost:0").host, "localhost");
  EXPECT_EQ(Tcp("[::1]:65535").host, "::1");
  EXPECT_EQ(Tcp("[::1]:65535").port, 65535);
}

TEST(Address, ReadsUnixPaths) {
  auto address = ParseListenAddress("unix:/run/x.sock");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(std::get<UnixAddress>(*address).path, "/run/x.sock");
}

TEST(Address, RefusesWhatIsNoAddressAndSaysWhy) {
  EXPECT_THAT(Refusal(""), HasSubstr("there is no port"));
  EXPECT_THAT(Refusal("localhost"), HasSubstr("there is no port"));
  EXPECT_THAT(Refusal(":80"), HasSubstr("there is no host"));
  EXPECT_THAT(Refusal("a:"), HasSubstr("\"\" is not a port"));
  EXPECT_THAT(Refusal("a:65536"), HasSubstr("\"65536\" is not a port"));
  EXPECT_THAT(Refusal("a:-1"), HasSubstr("\"-1\" is not a port"));
  EXPECT_THAT(Refusal("a:+1"), HasSubstr("is not a port"));
  EXPECT_THAT(Refusal("a: 1"), HasSubstr("is not a port"));
  EXPECT_THAT(Refusal("a:1x"), HasSubstr("is not a port"));
  EXPECT_THAT(Refusal("::1:80"), HasSubstr("stands in brackets"));
  EXPECT_THAT(Refusal("[::1]"), HasSubstr("not closed by a ] and a port"));
  EXPECT_THAT(Refusal("[::1]x:80"), HasSubstr("not closed"));
  EXPECT_THAT(Refusal("[nonsense]:80"), HasSubstr("not an IPv6 address"));
  EXPECT_THAT(Refusal("unix:relative"), HasSubstr("begins with a /"));
  EXPECT_THAT(Refusal("unix:"), HasSubstr("begins with a /"));
  EXPECT_THAT(Refusal("unix:/" + std::string(200, 'x')), HasSubstr("longer than"));
  EXPECT_THAT(Refusal("nonsense"), HasSubstr("write host:port, [v6]:port or unix:/path"));
}

sockaddr_storage V6(const char* text, int port) {
  sockaddr_storage address{};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET6, text, &v6.sin6_addr);
  return address;
}

TEST(Address, ShowsAddresses) {
  EXPECT_EQ(FormatAddress(V6("2001:db8::1", 443)), "[2001:db8::1]:443");
  EXPECT_EQ(FormatAddress(V6("::ffff:192.0.2.1", 5)), "192.0.2.1:5");
  sockaddr_storage local{};
  local.ss_family = AF_UNIX;
  EXPECT_EQ(FormatAddress(local), "unix");
}

}  // namespace
}  // namespace credential_broker::h2
