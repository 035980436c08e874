#include "h2/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "h2/test_certificates.h"

namespace credential_broker::h2 {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::Status Try(const std::string& certificate, const std::string& key,
                 const std::string& client_ca = "") {
  return TlsContext::Create({certificate, Secret(key), client_ca}).status();
}

TEST(TlsContext, TakesACertificateWithItsKey) {
  TestAuthority ca;
  PemIdentity leaf = ca.Issue("DNS:localhost");
  EXPECT_TRUE(Try(leaf.certificate, leaf.key).ok());
  EXPECT_TRUE(Try(leaf.certificate + ca.pem(), leaf.key, ca.pem() + ca.pem()).ok());
}

TEST(TlsContext, RefusesWhatDoesNotFitAndSaysWhat) {
  TestAuthority ca;
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
  TestAuthority ca;
  PemIdentity expired = ca.Issue("DNS:localhost", -1);
  absl::Status status = Try(expired.certificate, expired.key);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), HasSubstr("expired on"));
}

TEST(TlsContext, DoesNotAskForThePassphraseOfAnEncryptedKey) {
  TestAuthority ca;
  PemIdentity leaf = ca.Issue("DNS:localhost");
  std::string encrypted =
      "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: "
      "AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END EC PRIVATE KEY-----\n";
  EXPECT_THAT(Try(leaf.certificate, encrypted).ToString(), HasSubstr("unencrypted PEM"));
}

}  // namespace
}  // namespace credential_broker::h2
