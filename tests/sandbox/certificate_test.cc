#include "sandbox/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <string>

namespace credential_broker::sandbox {
namespace {

using ::testing::StartsWith;

TEST(MakeCertificate, IsGoodForItsNamesOnly) {
  const auto made = MakeCertificate({"localhost", "127.0.0.1", "::1"});
  ASSERT_TRUE(made.ok()) << made.status();
  X509* const certificate = SSL_CTX_get0_certificate(made->context.get());
  EXPECT_EQ(X509_check_host(certificate, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate, "other", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate, "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate, "127.0.0.2", 0), 0);
}

TEST(MakeCertificate, ThrowsItsCaAwayEachTime) {
  const auto first = MakeCertificate({"localhost"});
  const auto second = MakeCertificate({"localhost"});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_THAT(first->ca_pem, StartsWith("-----BEGIN CERTIFICATE-----\n"));
  EXPECT_NE(first->ca_pem, second->ca_pem);
}

TEST(MakeCertificate, RefusesWhatIsNoName) {
  for (const char* name : {"", "a,DNS:b", "a b", "dir/section", "é"}) {
    EXPECT_EQ(MakeCertificate({name}).status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_FALSE(MakeCertificate({}).ok());
}

}  // namespace
}  // namespace credential_broker::sandbox
