#include "core/certificate_scope.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/peer.h"

namespace credential_broker {
namespace {

Peer Named(std::vector<std::string> uris, std::vector<std::string> names = {}) {
  Peer peer;
  peer.has_certificate = true;
  peer.uri_sans = std::move(uris);
  peer.dns_sans = std::move(names);
  return peer;
}

TEST(CertificateScope, CoversItsTrustDomainsOnly) {
  const CertificateScope scope{{"prod", "prod.example"}, false};
  EXPECT_TRUE(scope.Covers(Named({"spiffe://prod/ns/orders/sa/api"})));
  EXPECT_TRUE(scope.Covers(Named({"spiffe://prod.example/x"}, {"ignored"})));
  EXPECT_TRUE(scope.Covers(Named({"spiffe://prod"})));
  for (const char* uri :
       {"spiffe://prod-evil/x", "spiffe://test/x", "spiffe://prod:443/x", "spiffe://a@prod/x",
        "spiffe://PROD/x", "spiffe:///prod", "spiffe://", "https://prod/x", "spiffe://prod?/x"}) {
    EXPECT_FALSE(scope.Covers(Named({uri}))) << uri;
  }
  EXPECT_FALSE(scope.Covers(Named({"spiffe://prod/a", "spiffe://test/a"})));
}

TEST(CertificateScope, CoversDnsNamesWhereItSaysSo) {
  EXPECT_FALSE((CertificateScope{{"prod"}, false}.Covers(Named({}, {"a"}))));
  EXPECT_TRUE((CertificateScope{{}, true}.Covers(Named({}, {"a"}))));
  EXPECT_FALSE((CertificateScope{{}, true}.Covers(Named({"spiffe://prod/a"}, {"a"}))));
}

TEST(CertificateScope, KnowsATrustDomain) {
  EXPECT_TRUE(IsTrustDomain("prod.example-1_x"));
  for (const char* text : {"", "Prod", "spiffe://prod", "prod/", "prod:1", "*"}) {
    EXPECT_FALSE(IsTrustDomain(text)) << text;
  }
  EXPECT_FALSE(IsTrustDomain(std::string(256, 'a')));
}

}  // namespace
}  // namespace credential_broker
