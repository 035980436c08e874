#include "identity/principal.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
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
  for (const char* other_spelling :
       {"spiffe://", "spiffe:///a", "spiffe://PROD/a", "spiffe://prod/", "spiffe://prod/a/",
        "spiffe://prod//a", "spiffe://prod/./a", "spiffe://prod/../a", "spiffe://prod/a?q",
        "spiffe://prod/a#f", "spiffe://prod/%61", "spiffe://prod/*", "spiffe://prod:1/a"}) {
    SCOPED_TRACE(other_spelling);
    ExpectUnauthenticated(CertificatePeer({other_spelling}, {}));
  }
  ExpectUnauthenticated(CertificatePeer({"spiffe://prod/" + std::string(2048, 'a')}, {}));
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

TEST(PrincipalOf, ANameThatItsCaMayNotVouchForIsRefusedAndSaysSo) {
  Peer peer = CertificatePeer({"spiffe://prod/ns/orders/sa/api"}, {"orders.internal"});
  const auto scoped = [&peer](CertificateScope scope) {
    peer.certificate_scope = std::make_shared<const CertificateScope>(std::move(scope));
    return PrincipalOf(peer);
  };
  EXPECT_EQ(*scoped({{"prod"}, false}), "spiffe://prod/ns/orders/sa/api");
  ExpectUnauthenticated((static_cast<void>(scoped({{"test", "dev"}, true})), peer));
  EXPECT_EQ(PrincipalOf(peer).status().message(),
            "the CA of the client certificate may not issue certificates for "
            "'spiffe://prod/ns/orders/sa/api'; it is configured for the SPIFFE trust domains test, "
            "dev and DNS names; use a certificate of the CA that this name belongs to");
  peer.uri_sans.clear();
  EXPECT_EQ(*scoped({{}, true}), "dns:orders.internal");
  ExpectUnauthenticated((static_cast<void>(scoped({{"prod"}, false})), peer));
}

}  // namespace
}  // namespace credential_broker::identity
