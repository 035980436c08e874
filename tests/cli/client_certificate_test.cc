#include "cli/client_certificate.h"

#include <gtest/gtest.h>

#include "cli/tls_acceptor.h"
#include "support/test_ca.h"
#include "support/test_folder.h"

namespace credential_broker::cli {
namespace {

class RefusesClientCertificateTest : public ::testing::TestWithParam<int> {
 protected:
  Endpoint Anonymous(const TlsAcceptor& server) const {
    return {.address = server.address(), .target = "", .ca_file = ca_file_};
  }

  Endpoint With(const TlsAcceptor& server, const PemIdentity& client) const {
    Endpoint endpoint = Anonymous(server);
    endpoint.cert_file = folder_.Write("cert.pem", client.certificate);
    endpoint.key_file = folder_.Write("key.pem", client.key);
    return endpoint;
  }

  TestFolder folder_;
  TestCa ca_;
  const std::string ca_file_ = folder_.Write("ca.pem", ca_.pem());
};

TEST_P(RefusesClientCertificateTest, WhereNoneIsShown) {
  const TlsAcceptor server(ca_.Issue("IP:127.0.0.1"), ca_file_, GetParam());
  EXPECT_TRUE(RefusesClientCertificate(Anonymous(server)));
}

TEST_P(RefusesClientCertificateTest, WhereItIsOfAnotherAuthority) {
  const TlsAcceptor server(ca_.Issue("IP:127.0.0.1"), ca_file_, GetParam());
  const TestCa other;
  EXPECT_TRUE(RefusesClientCertificate(With(server, other.Issue("DNS:stranger"))));
}

TEST_P(RefusesClientCertificateTest, NotWhereItIsTaken) {
  const TlsAcceptor server(ca_.Issue("IP:127.0.0.1"), ca_file_, GetParam());
  EXPECT_FALSE(RefusesClientCertificate(With(server, ca_.Issue("DNS:friend"))));
}

TEST_P(RefusesClientCertificateTest, NotWhereItIsTheServerThatIsNotTrusted) {
  const TestCa other;
  const TlsAcceptor server(other.Issue("IP:127.0.0.1"), ca_file_, GetParam());
  EXPECT_FALSE(RefusesClientCertificate(Anonymous(server)));
}

INSTANTIATE_TEST_SUITE_P(Versions, RefusesClientCertificateTest,
                         ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST(RefusesClientCertificate, IsNotAskedOfAUnixSocket) {
  EXPECT_FALSE(RefusesClientCertificate({.address = "unix:/x", .target = ""}));
}

}  // namespace
}  // namespace credential_broker::cli
