#include "h2/client_trust.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "h2/client_trust_fixture.h"
#include "h2/tls_context.h"

namespace credential_broker::h2 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using ClientTrustTest = ClientTrustFixture;

// Makes a handshake in memory. Returns what the server's verification of `client` results in.
long VerifyResultOf(const TlsIdentity& identity, const PemIdentity& client) {  // NOLINT
  const auto context = TlsContext::Create(identity);
  EXPECT_TRUE(context.ok()) << context.status();
  const SslPtr server = (*context)->NewConnection();
  const SslCtxPtr client_context(SSL_CTX_new(TLS_client_method()));
  UseIdentity(client_context.get(), client);
  const SslPtr ssl(SSL_new(client_context.get()));
  SSL_set_connect_state(ssl.get());
  BIO* server_end = nullptr;
  BIO* client_end = nullptr;
  BIO_new_bio_pair(&server_end, 100'000, &client_end, 100'000);
  SSL_set_bio(server.get(), server_end, server_end);
  SSL_set_bio(ssl.get(), client_end, client_end);
  for (int i = 0; i < 10; ++i) {
    SSL_do_handshake(ssl.get());
    SSL_do_handshake(server.get());
  }
  return SSL_get_verify_result(server.get());
}

TEST_F(ClientTrustTest, AnExpiredCrlRefusesItsIssuersCertificatesOnly) {
  const TestCa second("second");
  Start(Identity(ca_.pem() + second.pem(), ca_.Crl({}, -absl::Minutes(1))));
  EXPECT_FALSE(Serves(ca_.Issue("DNS:a")));
  EXPECT_TRUE(Serves(second.Issue("DNS:b")));
  const ClientTrustReport report = server_->client_trust();
  ASSERT_EQ(report.crls.size(), 1U);
  EXPECT_EQ(report.crls.begin()->first, "CN = CA");
  EXPECT_LT(report.crls.begin()->second.expires_at, SystemClock().WallNow());
  EXPECT_THAT(report.authorities_without_crl, ElementsAre("CN = second"));
}

TEST_F(ClientTrustTest, RefusesCrlsThatWouldLockOutClientsOrLetRevokedOnesIn) {
  const auto refusal = [this](const CrlOptions& options) {
    return Refusal(Identity(ca_.pem(), ca_.Crl({}, absl::Hours(1), options)));
  };
  const TestCa impostor("CA");
  EXPECT_THAT(Refusal(Identity(ca_.pem(), impostor.Crl({}))),
              HasSubstr("CRL of CN = CA: it is not signed by the client CA of that name"));
  EXPECT_THAT(refusal({.issued = absl::Minutes(6)}),
              HasSubstr("CRL of CN = CA: it is not valid yet"));
  EXPECT_THAT(refusal({.delta = true}), HasSubstr("CRL of CN = CA: it is a delta CRL"));
  EXPECT_THAT(refusal({.indirect = true}), HasSubstr("CRL of CN = CA: it is an indirect CRL"));
  EXPECT_THAT(refusal({.some_reasons = true}),
              HasSubstr("CRL of CN = CA: it is for some reasons (onlySomeReasons)"));
  EXPECT_THAT(refusal({.unknown_critical = true}),
              HasSubstr("CRL of CN = CA: it has a critical extension that is not supported"));
  const TestCa no_crl_sign("no CRL", {.key_usage = "critical,keyCertSign"});
  EXPECT_THAT(Refusal(Identity(no_crl_sign.pem(), no_crl_sign.Crl({}))),
              HasSubstr("CRL of CN = no CRL: the keyUsage of the client CA lacks cRLSign"));
  const TestCa no_key_usage("any", {.key_usage = ""});
  EXPECT_TRUE(CheckIdentity(Identity(no_key_usage.pem(), no_key_usage.Crl({}))).ok());
}

TEST_F(ClientTrustTest, ACrlOfTheNextMinutesIsInForce) {
  const PemIdentity stolen = ca_.Issue("DNS:stolen");
  Start(Identity(ca_.pem(),
                 ca_.Crl({stolen.certificate}, absl::Hours(1), {.issued = absl::Minutes(4)})));
  EXPECT_TRUE(Serves(ca_.Issue("DNS:a")));
  EXPECT_FALSE(Serves(stolen));
}

TEST_F(ClientTrustTest, OnlyTheNewestCrlOfAnIssuerIsInForce) {
  const PemIdentity stolen = ca_.Issue("DNS:stolen");
  const std::string older = ca_.Crl({}, absl::Hours(48));
  const std::string newer =
      ca_.Crl({stolen.certificate}, -absl::Minutes(1), {.issued = -absl::Hours(1)});
  Start(Identity(ca_.pem(), older + newer));
  EXPECT_FALSE(Serves(stolen)) << "the newer CRL has expired";
  EXPECT_LT(server_->client_trust().crls.at("CN = CA").expires_at, SystemClock().WallNow());
  EXPECT_THAT(server_->client_trust().superseded_crls, ElementsAre("CN = CA"));
  ASSERT_TRUE(server_->UpdateIdentity(Identity(ca_.pem(), newer + older)).ok());
  EXPECT_FALSE(Serves(stolen)) << "in any order";
  // The number decides where both have one.
  const std::string second =
      ca_.Crl({stolen.certificate}, absl::Hours(1), {.issued = -absl::Hours(9), .number = 10});
  const std::string first = ca_.Crl({}, absl::Hours(2), {.issued = -absl::Hours(1), .number = 9});
  ASSERT_TRUE(server_->UpdateIdentity(Identity(ca_.pem(), second + first)).ok());
  EXPECT_FALSE(Serves(stolen));
  ASSERT_TRUE(server_->UpdateIdentity(Identity(ca_.pem(), second + second)).ok());
  EXPECT_THAT(server_->client_trust().superseded_crls, IsEmpty()) << "the same one twice";
}

TEST_F(ClientTrustTest, ACrlBelongsToTheCaWhoseKeySignedIt) {
  const TestCa renewed("CA");
  const PemIdentity stolen = ca_.Issue("DNS:stolen");
  Start(Identity(ca_.pem() + renewed.pem(), ca_.Crl({stolen.certificate})));
  EXPECT_TRUE(Serves(ca_.Issue("DNS:a")));
  EXPECT_FALSE(Serves(stolen));
  EXPECT_TRUE(Serves(renewed.Issue("DNS:b"))) << "there is no CRL of this key";
  EXPECT_THAT(server_->client_trust().authorities_without_crl, ElementsAre("CN = CA"));
  // Both keys have one.
  const PemIdentity second = renewed.Issue("DNS:second");
  ASSERT_TRUE(server_
                  ->UpdateIdentity(Identity(ca_.pem() + renewed.pem(),
                                            ca_.Crl({stolen.certificate}) +
                                                renewed.Crl({second.certificate}, -absl::Hours(1))))
                  .ok());
  EXPECT_TRUE(Serves(ca_.Issue("DNS:a")));
  EXPECT_FALSE(Serves(stolen));
  EXPECT_FALSE(Serves(second));
  EXPECT_LT(server_->client_trust().crls.at("CN = CA").expires_at, SystemClock().WallNow());
  EXPECT_THAT(server_->client_trust().authorities_without_crl, IsEmpty());
}

TEST_F(ClientTrustTest, RefusesACrlThatDoesNotSayWhichCaOfItsNameItIsOf) {
  const TestCa renewed("CA");
  const std::string both = ca_.pem() + renewed.pem();
  constexpr char kRefusal[] = "CRL of CN = CA: client CAs with different keys have this name";
  EXPECT_THAT(Refusal(Identity(both, ca_.Crl({}, absl::Hours(1), {.key_id = false}))),
              HasSubstr(kRefusal));
  const TestCa unmarked("CA", {.key_id = false});
  EXPECT_THAT(Refusal(Identity(ca_.pem() + unmarked.pem(), ca_.Crl({}))), HasSubstr(kRefusal))
      << "a CA without a key identifier is taken for any";
}

TEST_F(ClientTrustTest, RefusesACertificateThatIsNotACa) {
  const auto refusal = [this](const TestCa& authority) {
    return Refusal(Identity(authority.pem()));
  };
  EXPECT_THAT(Refusal(Identity(ca_.pem() + ca_.Issue("DNS:a").certificate)),
              HasSubstr("client CA: the certificate CN = leaf is not a CA"));
  EXPECT_THAT(refusal(TestCa("old", {.version_1 = true})),
              HasSubstr("client CA: the certificate CN = old is not a CA"));
  EXPECT_THAT(refusal(TestCa("signer", {.key_usage = "critical,digitalSignature"})),
              HasSubstr("client CA: the certificate CN = signer is not a CA"));
  EXPECT_THAT(Refusal(Scoped({{"a.pem", ca_.Issue("DNS:a").certificate, {{"prod"}, false}}})),
              HasSubstr("client CA a.pem: the certificate CN = leaf is not a CA"));
}

TEST_F(ClientTrustTest, APinnedClientCertificateIsTrustedForItselfAlone) {
  const PemIdentity pinned = ca_.Issue("DNS:a");
  TlsIdentity identity = Identity(pinned.certificate);
  identity.allow_pinned_client = true;
  Start(std::move(identity));
  EXPECT_TRUE(Serves(pinned));
  EXPECT_FALSE(Serves(ca_.Issue("DNS:a")));
}

// OpenSSL would verify the CRL of a certificate's issuer before the issuer's own signature.

TEST_F(ClientTrustTest, NoCrlIsVerifiedWithTheKeyOfACertificateThatNoCaHasSigned) {
  const std::string crl = ca_.Crl({}, absl::Hours(1), {.key_id = false});
  const TestCa forged("CA", ca_, {.forged = true});
  PemIdentity leaf = forged.IssueBySerial("DNS:a");
  leaf.certificate += forged.pem();
  EXPECT_EQ(VerifyResultOf(Identity(ca_.pem(), crl), leaf), X509_V_ERR_CERT_SIGNATURE_FAILURE);
  EXPECT_EQ(VerifyResultOf(Identity(ca_.pem(), crl), ca_.Issue("DNS:a")), X509_V_OK);
}

TEST_F(ClientTrustTest, ChecksWhatIsBelowAnIntermediateAndTheIntermediateItself) {
  const TestCa middle("middle", ca_);
  PemIdentity leaf = middle.Issue("DNS:a");
  const std::string leaf_alone = leaf.certificate;
  leaf.certificate += middle.pem();
  Start(Identity(ca_.pem(), ca_.Crl({})));
  EXPECT_TRUE(Serves(leaf)) << "its issuer has no CRL";
  ASSERT_TRUE(
      server_->UpdateIdentity(Identity(ca_.pem(), ca_.Crl({}) + middle.Crl({leaf_alone}))).ok());
  EXPECT_FALSE(Serves(leaf));
  ASSERT_TRUE(server_->UpdateIdentity(Identity(ca_.pem(), ca_.Crl({middle.pem()}))).ok());
  EXPECT_FALSE(Serves(leaf));
  // The intermediate as the CA: what its issuer says does not count.
  ASSERT_TRUE(server_->UpdateIdentity(Identity(middle.pem(), ca_.Crl({}) + middle.Crl({}))).ok());
  EXPECT_TRUE(Serves(leaf));
  ASSERT_TRUE(
      server_->UpdateIdentity(Identity(middle.pem(), ca_.Crl({}) + middle.Crl({leaf_alone}))).ok());
  EXPECT_FALSE(Serves(leaf));
}

TEST_F(ClientTrustTest, TheCaThatVerifiedTheChainDecidesAboutNames) {
  const TestCa test("test CA");
  Start(Scoped(
      {{"prod.pem", ca_.pem(), {{"prod"}, false}}, {"test.pem", test.pem(), {{"test"}, true}}}));
  EXPECT_TRUE(Serves(ca_.Issue("URI:spiffe://prod/a")));
  ASSERT_NE(peer().certificate_scope, nullptr);
  EXPECT_TRUE(peer().certificate_scope->Covers(peer()));
  EXPECT_TRUE(Serves(test.Issue("URI:spiffe://prod/a")));
  EXPECT_FALSE(peer().certificate_scope->Covers(peer()));
  EXPECT_TRUE(Serves(test.Issue("DNS:a")));
  EXPECT_TRUE(peer().certificate_scope->Covers(peer()));
}

TEST_F(ClientTrustTest, TheNearestCaOfAChainDecides) {
  const TestCa middle("middle", ca_);
  PemIdentity leaf = middle.Issue("URI:spiffe://test/a");
  leaf.certificate += middle.pem();
  Start(Scoped({{"root.pem", ca_.pem(), {{"prod"}, false}},
                {"middle.pem", middle.pem(), {{"test"}, false}}}));
  EXPECT_TRUE(Serves(leaf));
  ASSERT_NE(peer().certificate_scope, nullptr);
  EXPECT_EQ(*peer().certificate_scope, (CertificateScope{{"test"}, false}));
  // Without an entry of its own it belongs to the root.
  ASSERT_TRUE(server_->UpdateIdentity(Scoped({{"root.pem", ca_.pem(), {{"prod"}, false}}})).ok());
  EXPECT_TRUE(Serves(leaf));
  EXPECT_EQ(*peer().certificate_scope, (CertificateScope{{"prod"}, false}));
}

TEST_F(ClientTrustTest, ACasEntryCountsForEachCertificateOfItsKey) {
  const TestCa middle("middle", ca_);
  const TestCa renewed = middle.Renewed(ca_);
  PemIdentity leaf = renewed.IssueBySerial("URI:spiffe://test/a");
  leaf.certificate += renewed.pem();
  const auto identity = [&](CertificateScope root_scope) {
    return Scoped({{"root.pem", ca_.pem(), std::move(root_scope)},
                   {"middle.pem", middle.pem(), {{"test"}, false}}});
  };
  Start(identity({{"prod"}, false}));
  const auto client = Connect(leaf);
  ASSERT_NE(client, nullptr);
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
  ASSERT_NE(peer().certificate_scope, nullptr);
  EXPECT_EQ(*peer().certificate_scope, (CertificateScope{{"test"}, false}));
  // As a handshake, so does the check of open connections.
  ASSERT_TRUE(server_->UpdateIdentity(identity({{"prod", "more"}, false})).ok());
  const auto other = Connect(ca_.Issue("URI:spiffe://more/a"));
  ASSERT_NE(other, nullptr);
  ASSERT_TRUE(server_->UpdateIdentity(identity({{"prod"}, false})).ok());
  EXPECT_TRUE(other->AwaitClose());
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
  EXPECT_THAT(client->goaways(), IsEmpty());
}

TEST_F(ClientTrustTest, NoCrlRevokesAClientCa) {
  const TestCa middle("middle", ca_);
  const PemIdentity leaf = middle.Issue("DNS:a");
  const PemIdentity stolen = middle.Issue("DNS:stolen");
  Start(Identity(middle.pem(), middle.Crl({stolen.certificate})));
  for (const bool key_id : {false, true}) {
    const std::string of_root = ca_.Crl({middle.pem()}, absl::Hours(1), {.key_id = key_id});
    ASSERT_TRUE(
        server_->UpdateIdentity(Identity(middle.pem(), of_root + middle.Crl({stolen.certificate})))
            .ok());
    EXPECT_TRUE(Serves(leaf)) << key_id;
    EXPECT_FALSE(Serves(stolen)) << key_id;
  }
}

TEST_F(ClientTrustTest, RefusesWhatDoesNotFit) {
  EXPECT_THAT(CheckIdentity(Identity(ca_.pem(), "garbage")).status().ToString(),
              HasSubstr("CRL: no certificate revocation list in it"));
  EXPECT_THAT(CheckIdentity(Identity(ca_.pem(), ca_.Crl({}).substr(0, 150))).status().ToString(),
              HasSubstr("is the file whole?"));
  // OpenSSL would take the first CRL alone.
  for (const std::size_t cut : {1U, 5U, 12U, 20U}) {
    EXPECT_THAT(CheckIdentity(Identity(ca_.pem(), ca_.Crl({}) + ca_.Crl({}).substr(0, cut)))
                    .status()
                    .ToString(),
                HasSubstr("is the file whole?"))
        << cut;
  }
  EXPECT_THAT(CheckIdentity(Scoped({{"a.pem", ca_.pem(), {{"prod"}, false}},
                                    {"b.pem", ca_.pem(), {{"test"}, false}}}))
                  .status()
                  .ToString(),
              HasSubstr("client CA b.pem: the CA CN = CA is in another entry of client_ca too"));
  EXPECT_TRUE(CheckIdentity(Scoped({{"a.pem", ca_.pem() + ca_.pem(), {{"prod"}, false}}})).ok());
}

}  // namespace
}  // namespace credential_broker::h2
