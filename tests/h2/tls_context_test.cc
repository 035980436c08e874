#include "h2/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "support/test_ca.h"

namespace credential_broker::h2 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::Status Try(const std::string& certificate, const std::string& key,
                 const std::string& client_ca = "") {
  return TlsContext::Create({certificate, Secret(key), client_ca}).status();
}

TEST(TlsContext, TakesACertificateWithItsKey) {
  TestCa ca;
  PemIdentity leaf = ca.Issue("DNS:localhost");
  EXPECT_TRUE(Try(leaf.certificate, leaf.key).ok());
  EXPECT_TRUE(Try(leaf.certificate + ca.pem(), leaf.key, ca.pem() + ca.pem()).ok());
}

TEST(TlsContext, RefusesWhatDoesNotFitAndSaysWhat) {
  TestCa ca;
  PemIdentity leaf = ca.Issue("DNS:localhost");
  PemIdentity other = ca.Issue("DNS:other");
  EXPECT_THAT(Try("", leaf.key).ToString(), HasSubstr("TLS certificate: no certificate in it"));
  EXPECT_THAT(Try("garbage", leaf.key).ToString(), HasSubstr("no certificate in it"));
  EXPECT_THAT(Try(leaf.certificate.substr(0, 200), leaf.key).ToString(),
              HasSubstr("is the file whole?"));
  EXPECT_THAT(Try(leaf.certificate + leaf.certificate.substr(0, 200), leaf.key).ToString(),
              HasSubstr("certificate 2 cannot be read"));
  std::string broken = leaf.certificate;
  broken.replace(60, 8, "AAAAAAAA");
  EXPECT_THAT(Try(broken, leaf.key).ToString(), HasSubstr("cannot be read"));
  EXPECT_THAT(Try(leaf.certificate, "").ToString(), HasSubstr("TLS private key: cannot be read"));
  EXPECT_THAT(Try(leaf.certificate, leaf.certificate).ToString(), HasSubstr("TLS private key"));
  absl::Status mismatch = Try(leaf.certificate, other.key);
  EXPECT_THAT(mismatch.ToString(), HasSubstr("does not belong to the certificate"));
  EXPECT_THAT(mismatch.ToString(), Not(HasSubstr("PRIVATE KEY-----")));
  EXPECT_THAT(Try(leaf.certificate, leaf.key, "garbage").ToString(),
              HasSubstr("client CA: no certificate in it"));
}

TEST(TlsContext, RefusesACertificateThatHasExpired) {
  TestCa ca;
  PemIdentity expired = ca.Issue("DNS:localhost", -1);
  absl::Status status = Try(expired.certificate, expired.key);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), HasSubstr("expired on"));
}

TEST(TlsContext, RefusesACertificateThatIsNotValidYet) {
  TestCa ca;
  PemIdentity fresh = ca.Issue("DNS:localhost", 3, absl::Minutes(4));
  EXPECT_EQ(Try(fresh.certificate, fresh.key), absl::OkStatus()) << "its CA's clock may be ahead";
  PemIdentity early = ca.Issue("DNS:localhost", 3, absl::Minutes(6));
  absl::Status status = Try(early.certificate, early.key);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), HasSubstr("not valid before"));
  EXPECT_THAT(status.ToString(), HasSubstr("notBefore"));
}

TEST(TlsContext, TellsWhenTheFirstOfItsCertificatesExpires) {
  const TestCa root("root", {.days = 30});
  const TestCa old_root("old root", {.days = 10});
  const TestCa intermediate("intermediate", root, {.days = 5});
  const PemIdentity leaf = intermediate.Issue("DNS:localhost", 1, -absl::Hours(3));
  const PemIdentity long_lived = intermediate.Issue("DNS:localhost", 20);
  const auto expiring = [](const std::string& chain, const PemIdentity& identity,
                           const std::string& client_ca) {
    return (*TlsContext::Create({chain, Secret(identity.key), client_ca}))->expiring_certificates();
  };
  const absl::Time start = SystemClock().WallNow();
  const auto days_left = [start](const std::optional<CertificateValidity>& certificate) {
    return absl::ToInt64Hours(certificate->not_after - start + absl::Minutes(30)) / 24;
  };

  const ExpiringCertificates alone = expiring(leaf.certificate, leaf, "");
  EXPECT_EQ(days_left(alone.server), 1);
  EXPECT_EQ(absl::ToInt64Hours(start - alone.server->not_before + absl::Minutes(30)), 3);
  EXPECT_FALSE(alone.client_ca.has_value());

  // The chain ends with its intermediate, the bundle with the CA that is on its way out.
  const ExpiringCertificates mutual = expiring(long_lived.certificate + intermediate.pem(),
                                               long_lived, root.pem() + old_root.pem());
  EXPECT_EQ(days_left(mutual.server), 5);
  EXPECT_EQ(days_left(mutual.client_ca), 10);
}

TEST(TlsContext, ChecksOfManyConnectionsAgainstALargeCrlTakeAFifthOfALoopsTime) {
  TestCa ca;
  PemIdentity leaf = ca.Issue("DNS:localhost");
  TlsIdentity identity{leaf.certificate, Secret(leaf.key), ca.pem()};
  const auto spread = [&](std::size_t connections) {
    return (*TlsContext::Create(identity))->CheckSpread(absl::Seconds(5), connections);
  };
  EXPECT_EQ(spread(1000), absl::Seconds(5));
  const absl::Duration without_crl = spread(10'000);
  EXPECT_GT(without_crl, absl::Seconds(10));
  identity.client_crls = ca.Crl(std::vector<std::string>(500, leaf.certificate));
  EXPECT_EQ(spread(1000), absl::Seconds(5));
  EXPECT_GT(spread(10'000), without_crl);
}

TEST(TlsContext, DoesNotAskForThePassphraseOfAnEncryptedKey) {
  TestCa ca;
  PemIdentity leaf = ca.Issue("DNS:localhost");
  std::string encrypted =
      "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
      "AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END EC PRIVATE KEY-----\n";
  EXPECT_THAT(Try(leaf.certificate, encrypted).ToString(), HasSubstr("unencrypted PEM"));
}

}  // namespace
}  // namespace credential_broker::h2
