#include "identity/quota_key.h"

#include "gtest/gtest.h"

namespace credential_broker::identity {
namespace {

TEST(QuotaKeyOf, IsThePrincipalOrTheAddressOfAnAnonymousConnection) {
  Peer peer;
  peer.counted_as = "2001:db8::/64";
  EXPECT_EQ(QuotaKeyOf(peer), "anonymous at 2001:db8::/64");
  peer.unix_uid = 1000;
  EXPECT_EQ(QuotaKeyOf(peer), "unix:uid:1000");
  peer.has_certificate = true;
  EXPECT_EQ(QuotaKeyOf(peer), "unidentified");
  peer.uri_sans = {"spiffe://prod/ns/orders/sa/api"};
  EXPECT_EQ(QuotaKeyOf(peer), "spiffe://prod/ns/orders/sa/api");
}

}  // namespace
}  // namespace credential_broker::identity
