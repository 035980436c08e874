#ifndef CREDENTIAL_BROKER_TESTS_H2_CLIENT_TRUST_FIXTURE_H_
#define CREDENTIAL_BROKER_TESTS_H2_CLIENT_TRUST_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "h2/test_application.h"
#include "h2/tls_identity.h"
#include "support/settable_clock.h"
#include "support/test_ca.h"

namespace credential_broker::h2 {

// A server that keeps the peer of its last request; "/endless" never ends.
class ClientTrustFixture : public ::testing::Test {
 protected:
  ClientTrustFixture()
      : application_([this](Stream& stream, const RequestHead& head) {
          {
            MutexLock lock(mutex_);
            peer_ = stream.peer();
          }
          if (head.path == "/endless") {
            stream.SendHeaders(OkHeaders());
          } else {
            stream.SendHeadersOnly(OkHeaders());
          }
          return Script();
        }) {
    options_.address = "127.0.0.1:0";
    options_.loops = 1;
    options_.clock = &clock_;
    options_.limits.shutdown_notice = absl::Milliseconds(10);
    options_.limits.trust_check_spread = absl::Milliseconds(20);
    options_.limits.max_connection_age_grace = absl::Seconds(10);
  }

  TlsIdentity Identity(std::string client_ca, std::string crls = "") const {
    const PemIdentity leaf = ca_.Issue("DNS:localhost");
    TlsIdentity identity{leaf.certificate, Secret(leaf.key), std::move(client_ca)};
    identity.client_crls = std::move(crls);
    return identity;
  }
  TlsIdentity Scoped(std::vector<ClientAuthority> authorities) const {
    TlsIdentity identity = Identity("");
    identity.client_authorities = std::move(authorities);
    return identity;
  }
  void Start(TlsIdentity identity) {
    options_.tls = std::move(identity);
    auto server = Server::Start(std::move(options_), application_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::unique_ptr<H2Client> Connect(const PemIdentity& identity) {
    H2ClientOptions options;
    options.address = server_->address();
    options.tls.emplace();
    options.tls->certificate = identity.certificate;
    options.tls->key = identity.key;
    auto client = H2Client::Connect(options);
    return client.ok() ? *std::move(client) : nullptr;
  }
  bool Serves(const PemIdentity& identity) {
    const auto client = Connect(identity);
    return client != nullptr && client->Call("/").Get(":status") == "200";
  }
  // What is wrong with an identity.
  static std::string Refusal(const TlsIdentity& identity) {
    return CheckIdentity(identity).status().ToString();
  }
  static std::int32_t OpenEndless(H2Client& client) {
    const std::int32_t stream = client.Request("/endless", true);
    EXPECT_TRUE(client.Await([&] { return !client.answer(stream).headers.empty(); }));
    return stream;
  }
  Peer peer() {
    MutexLock lock(mutex_);
    return peer_;
  }

  TestCa ca_;
  SettableClock clock_;
  Mutex mutex_;
  Peer peer_ ABSL_GUARDED_BY(mutex_);
  ScriptedApplication application_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_TESTS_H2_CLIENT_TRUST_FIXTURE_H_
