#include "base/peer_address.h"

#include "gtest/gtest.h"

namespace credential_broker {
namespace {

TEST(PeerAddress, HostIsTheAddressWithoutPortAndBrackets) {
  EXPECT_EQ(HostOf("192.0.2.1:50123"), "192.0.2.1");
  EXPECT_EQ(HostOf("[2001:db8::1]:50123"), "2001:db8::1");
  EXPECT_EQ(HostOf("unix"), "unix");
  EXPECT_EQ(HostOf(""), "");
  EXPECT_EQ(HostOf("["), "");
  EXPECT_EQ(HostOf("[2001:db8::1"), "2001:db8::1");
}

TEST(PeerAddress, CountsEachIpv4Address) {
  EXPECT_EQ(CountedAddress("192.0.2.1"), "192.0.2.1");
  EXPECT_NE(CountedAddress("192.0.2.1"), CountedAddress("192.0.2.2"));
}

TEST(PeerAddress, CountsAllAddressesOfAnIpv6NetworkOf64BitsAsOne) {
  EXPECT_EQ(CountedAddress("2001:db8::1"), "2001:db8::/64");
  EXPECT_EQ(CountedAddress("2001:db8::ffff:ffff:ffff:ffff"), CountedAddress("2001:db8::1"));
  EXPECT_EQ(CountedAddress("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_NE(CountedAddress("2001:db8:0:1::1"), CountedAddress("2001:db8:0:2::1"));
}

TEST(PeerAddress, CountsAnIpv4AddressThatIsMappedIntoIpv6AsTheIpv4Address) {
  EXPECT_EQ(CountedAddress("::ffff:192.0.2.1"), "192.0.2.1");
}

TEST(PeerAddress, CountsAnythingElseUnchanged) {
  EXPECT_EQ(CountedAddress("unix"), "unix");
  EXPECT_EQ(CountedAddress("unix:uid:1000"), "unix:uid:1000");
  EXPECT_EQ(CountedAddress(""), "");
}

}  // namespace
}  // namespace credential_broker
