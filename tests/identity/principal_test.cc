#include "identity/principal.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/reason.h"

namespace credential_broker::identity {
namespace {

Peer CertificatePeer(std::vector<std::string> uris, std::vector<std::string> names) {
  Peer peer;
  peer.has_certificate = true;
  peer.uri_sans = std::move(uris);
  peer.dns_sans = std::move(names);
  return peer;
}

void ExpectUnauthenticated(const Peer& peer) {
  const auto principal = PrincipalOf(peer);
  ASSERT_FALSE(principal.ok()) << *principal;
  const auto details = DetailsOf(principal.status());
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, Reason::kCallerUnauthenticated);
}

TEST(PrincipalOf, SingleSpiffeUriIsThePrincipal) {
  EXPECT_EQ(*PrincipalOf(CertificatePeer({"spiffe://prod/ns/orders/sa/api"}, {"orders.internal"})),
            "spiffe://prod/ns/orders/sa/api");
}

TEST(PrincipalOf, FirstDnsNameWhereThereIsNoUri) {
  EXPECT_EQ(*PrincipalOf(CertificatePeer({}, {"orders.internal", "other"})), "dns:orders.internal");
}

TEST(PrincipalOf, TwoUrisAreRefusedEvenBesideADnsName) {
  ExpectUnauthenticated(CertificatePeer({"spiffe://prod/a", "spiffe://prod/b"}, {"orders"}));
}

TEST(PrincipalOf, UriThatIsNoSpiffeIdIsRefusedAndDoesNotFallBack) {
  ExpectUnauthenticated(CertificatePeer({"https://prod/a"}, {"orders"}));
}

TEST(PrincipalOf, CertificateWithoutNamesIsRefused) {
  ExpectUnauthenticated(CertificatePeer({}, {}));
}

TEST(PrincipalOf, NamesThatALogCannotHoldAreRefused) {
  ExpectUnauthenticated(CertificatePeer({"spiffe://prod/a\nb"}, {}));
  ExpectUnauthenticated(CertificatePeer({std::string("spiffe://prod/a\0b", 16)}, {}));
  ExpectUnauthenticated(CertificatePeer({}, {"a b"}));
  ExpectUnauthenticated(CertificatePeer({}, {""}));
}

TEST(PrincipalOf, UnixPeerByUid) {
  Peer peer;
  peer.unix_uid = 1000;
  EXPECT_EQ(*PrincipalOf(peer), "unix:uid:1000");
}

TEST(PrincipalOf, AnonymousWhereTheListenerAsksForNothing) {
  EXPECT_EQ(*PrincipalOf(Peer()), "anonymous");
}

}  // namespace
}  // namespace credential_broker::identity
