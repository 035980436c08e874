// What becomes of open connections when a client certificate ends, or client CAs and CRLs change.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "h2/client_trust_fixture.h"
#include "h2/openssl.h"

namespace credential_broker::h2 {
namespace {

using ::testing::IsEmpty;

using ClientTrustChangeTest = ClientTrustFixture;

// A client that stops in the middle of its TLS handshake.
class SlowHandshake {
 public:
  SlowHandshake(const std::string& address, const PemIdentity& identity) {
    auto stream = ByteStream::Connect(address, std::nullopt);
    EXPECT_TRUE(stream.ok()) << stream.status();
    stream_ = *std::move(stream);
    UseIdentity(context_.get(), identity);
    SSL_CTX_set_alpn_protos(context_.get(), reinterpret_cast<const unsigned char*>("\2h2"), 3);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_wfd(ssl_.get(), stream_->fd());
    // Else a server that is fast enough would be read, and answered, by the first call.
    BIO* const nothing = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(nothing, -1);
    SSL_set0_rbio(ssl_.get(), nothing);
  }

  // Sends the ClientHello, and nothing after it.
  bool AwaitServerHello() { return SSL_connect(ssl_.get()) != 1 && AwaitInput(); }
  bool Finish() {
    SSL_set_rfd(ssl_.get(), stream_->fd());
    int result = 0;
    while ((result = SSL_connect(ssl_.get())) != 1 &&
           SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ && AwaitInput()) {
    }
    return result == 1;
  }
  bool AwaitClose() { return stream_->AwaitClose(); }

 private:
  bool AwaitInput() const {
    pollfd input{stream_->fd(), POLLIN, 0};
    return ::poll(&input, 1, static_cast<int>(absl::ToInt64Milliseconds(ByteStream::kPatience))) ==
           1;
  }

  std::unique_ptr<ByteStream> stream_;
  const SslCtxPtr context_{SSL_CTX_new(TLS_client_method())};
  SslPtr ssl_;
};

TEST_F(ClientTrustChangeTest, AConnectionEndsWithItsCertificate) {
  Start(Identity(ca_.pem()));
  // It is valid for a day.
  clock_.SetAhead(absl::Hours(24) - absl::Milliseconds(1500));
  const auto client = Connect(ca_.Issue("DNS:a"));
  ASSERT_NE(client, nullptr);
  OpenEndless(*client);
  EXPECT_TRUE(client->AwaitClose());
  EXPECT_GE(client->goaways().size(), 2U);
  EXPECT_EQ(server_->counters().certificate_expiries.value(), 1U);
  EXPECT_EQ(server_->counters().grace_cuts.value(), 1U);
  EXPECT_EQ(server_->counters().age_limits.value(), 0U);
}

TEST_F(ClientTrustChangeTest, TheGraceOfAgeEndsWithTheCertificate) {
  options_.limits.max_connection_age = absl::Milliseconds(10);
  options_.limits.max_connection_age_grace = absl::Hours(1);
  Start(Identity(ca_.pem()));
  clock_.SetAhead(absl::Hours(24) - absl::Milliseconds(1500));
  const auto client = Connect(ca_.Issue("DNS:a"));
  ASSERT_NE(client, nullptr);
  OpenEndless(*client);
  EXPECT_TRUE(client->AwaitClose());
  EXPECT_EQ(server_->counters().age_limits.value(), 1U);
}

TEST_F(ClientTrustChangeTest, AWallClockThatIsSetIsNoticed) {
  options_.limits.wall_clock_check = absl::Milliseconds(10);
  Start(Identity(ca_.pem()));
  const auto client = Connect(ca_.Issue("DNS:a"));
  ASSERT_NE(client, nullptr);
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
  clock_.SetAhead(absl::Hours(25));
  EXPECT_TRUE(client->AwaitClose());
  EXPECT_EQ(server_->counters().certificate_expiries.value(), 1U);
}

TEST_F(ClientTrustChangeTest, TheFirstCertificateOfTheChainToExpireEndsTheConnection) {
  Start(Identity(ca_.pem()));
  EXPECT_TRUE(Serves(ca_.Issue("DNS:a", 1)));
  EXPECT_LT(peer().certificate_expires_at - SystemClock().WallNow(), absl::Hours(25));
  EXPECT_TRUE(Serves(ca_.Issue("DNS:a", 30)));
  // The CA is valid for two days.
  EXPECT_LT(peer().certificate_expires_at - SystemClock().WallNow(), absl::Hours(49));
}

TEST_F(ClientTrustChangeTest, AChangedCrlEndsTheRevokedConnectionAndNoOther) {
  Start(Identity(ca_.pem(), ca_.Crl({})));
  const PemIdentity stolen = ca_.Issue("DNS:stolen");
  const PemIdentity good = ca_.Issue("DNS:good");
  const auto revoked = Connect(stolen);
  const auto other = Connect(good);
  ASSERT_TRUE(revoked != nullptr && other != nullptr);
  EXPECT_EQ(revoked->Call("/").Get(":status"), "200");
  EXPECT_EQ(other->Call("/").Get(":status"), "200");
  ASSERT_TRUE(server_->UpdateIdentity(Identity(ca_.pem(), ca_.Crl({stolen.certificate}))).ok());
  ASSERT_TRUE(revoked->AwaitClose());
  EXPECT_EQ(revoked->goaways().front().error_code, 0U);
  EXPECT_EQ(server_->counters().trust_changes.value(), 1U);
  // All are looked at within the spread; it went through this one's too.
  ASSERT_TRUE(server_->UpdateIdentity(Identity(ca_.pem(), ca_.Crl({stolen.certificate}))).ok());
  EXPECT_EQ(other->Call("/").Get(":status"), "200");
  EXPECT_THAT(other->goaways(), IsEmpty());
  EXPECT_FALSE(Serves(stolen));
  EXPECT_TRUE(Serves(good));
}

TEST_F(ClientTrustChangeTest, ACaThatIsRemovedEndsItsConnections) {
  const TestCa second("second");
  Start(Identity(ca_.pem() + second.pem()));
  const auto first_client = Connect(ca_.Issue("DNS:a"));
  const auto second_client = Connect(second.Issue("DNS:b"));
  ASSERT_TRUE(first_client != nullptr && second_client != nullptr);
  EXPECT_EQ(first_client->Call("/").Get(":status"), "200");
  EXPECT_EQ(second_client->Call("/").Get(":status"), "200");
  ASSERT_TRUE(server_->UpdateIdentity(Identity(ca_.pem())).ok());
  EXPECT_TRUE(second_client->AwaitClose());
  EXPECT_EQ(server_->counters().trust_changes.value(), 1U);
  EXPECT_EQ(first_client->Call("/").Get(":status"), "200");
  // Without any CA what a certificate said counts no more.
  ASSERT_TRUE(server_->UpdateIdentity(Identity("")).ok());
  EXPECT_TRUE(first_client->AwaitClose());
}

TEST_F(ClientTrustChangeTest, AStreamWhoseCaIsRemovedIsCutAfterTheGrace) {
  options_.limits.max_connection_age_grace = absl::Milliseconds(50);
  const TestCa second("second");
  Start(Identity(ca_.pem() + second.pem()));
  const auto client = Connect(second.Issue("DNS:b"));
  ASSERT_NE(client, nullptr);
  OpenEndless(*client);
  ASSERT_TRUE(server_->UpdateIdentity(Identity(ca_.pem())).ok());
  EXPECT_TRUE(client->AwaitClose());
  EXPECT_EQ(server_->counters().trust_changes.value(), 1U);
  EXPECT_EQ(server_->counters().grace_cuts.value(), 1U);
}

// Its handshake goes on with the CAs that it began with.
TEST_F(ClientTrustChangeTest, ACaThatIsRemovedDuringAHandshakeEndsTheConnection) {
  options_.limits.trust_check_spread = absl::ZeroDuration();
  options_.limits.handshake_timeout = absl::Hours(1);
  const TestCa second("second");
  Start(Identity(ca_.pem() + second.pem()));
  SlowHandshake client(server_->address(), second.Issue("DNS:b"));
  ASSERT_TRUE(client.AwaitServerHello());
  ASSERT_TRUE(server_->UpdateIdentity(Identity(ca_.pem())).ok());
  // The first check of this connection comes before its handshake ends, and finds no certificate.
  constexpr absl::Duration kAfterTheCheck = absl::Milliseconds(50);
  const std::shared_ptr<EventLoop> loop = server_->loops().front();
  Signal checked;
  std::unique_ptr<Timer> timer;
  loop->Post([&] {
    timer = loop->RunAfter(kAfterTheCheck, [&] {
      loop->Post([&] {
        timer = nullptr;
        checked.Notify();
      });
    });
  });
  ASSERT_TRUE(checked.Await());
  ASSERT_TRUE(client.Finish());
  EXPECT_TRUE(client.AwaitClose());
  EXPECT_EQ(server_->counters().trust_changes.value(), 1U);
}

TEST_F(ClientTrustChangeTest, ACaThatIsAddedEndsConnectionsWithoutACertificate) {
  Start(Identity(""));
  const auto client = Connect({});
  ASSERT_NE(client, nullptr);
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
  ASSERT_TRUE(server_->UpdateIdentity(Identity(ca_.pem())).ok());
  EXPECT_TRUE(client->AwaitClose());
}

TEST_F(ClientTrustChangeTest, ARenewedServerCertificateEndsNoConnection) {
  Start(Identity(ca_.pem()));
  const auto client = Connect(ca_.Issue("DNS:a"));
  ASSERT_NE(client, nullptr);
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
  ASSERT_TRUE(server_->UpdateIdentity(Identity(ca_.pem())).ok());
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
  EXPECT_THAT(client->goaways(), IsEmpty());
}

TEST_F(ClientTrustChangeTest, ACrlThatExpiresEndsOnlyWhatItRevokes) {
  Start(Identity(ca_.pem(), ca_.Crl({})));
  const PemIdentity honest = ca_.Issue("DNS:a");
  const PemIdentity stolen = ca_.Issue("DNS:b");
  const auto stays = Connect(honest);
  const auto goes = Connect(stolen);
  ASSERT_TRUE(stays != nullptr && goes != nullptr);
  EXPECT_EQ(stays->Call("/").Get(":status"), "200");
  EXPECT_EQ(goes->Call("/").Get(":status"), "200");
  ASSERT_TRUE(
      server_->UpdateIdentity(Identity(ca_.pem(), ca_.Crl({stolen.certificate}, -absl::Minutes(1))))
          .ok());
  EXPECT_TRUE(goes->AwaitClose());
  EXPECT_EQ(stays->Call("/").Get(":status"), "200");
  EXPECT_THAT(stays->goaways(), IsEmpty());
  EXPECT_FALSE(Serves(honest)) << "new connections need a CRL that is valid";
}

TEST_F(ClientTrustChangeTest, ANarrowerScopeEndsWhatItDoesNotCover) {
  Start(Scoped({{"ca.pem", ca_.pem(), {{"prod", "test"}, false}}}));
  const auto prod = Connect(ca_.Issue("URI:spiffe://prod/a"));
  const auto test = Connect(ca_.Issue("URI:spiffe://test/a"));
  ASSERT_TRUE(prod != nullptr && test != nullptr);
  EXPECT_EQ(prod->Call("/").Get(":status"), "200");
  EXPECT_EQ(test->Call("/").Get(":status"), "200");
  ASSERT_TRUE(server_->UpdateIdentity(Scoped({{"ca.pem", ca_.pem(), {{"prod"}, false}}})).ok());
  EXPECT_TRUE(test->AwaitClose());
  EXPECT_EQ(prod->Call("/").Get(":status"), "200");
}

}  // namespace
}  // namespace credential_broker::h2
