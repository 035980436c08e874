#include "h2/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "h2/test_application.h"
#include "support/ipv6.h"
#include "support/test_ca.h"
#include "support/test_folder.h"

namespace credential_broker::h2 {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Remembers who called last.
class PeerApplication {
 public:
  PeerApplication()
      : application([this](Stream& stream, const RequestHead&) {
          {
            MutexLock lock(mutex_);
            peer_ = stream.peer();
          }
          stream.SendHeadersOnly(OkHeaders());
          return Script();
        }) {}
  Peer peer() {
    MutexLock lock(mutex_);
    return peer_;
  }
  ScriptedApplication application;

 private:
  Mutex mutex_;
  Peer peer_ ABSL_GUARDED_BY(mutex_);
};

class TlsServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Server> Start(bool client_certificates) {
    PemIdentity leaf = ca_.Issue("DNS:localhost");
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.loops = 1;
    options.tls = TlsIdentity{leaf.certificate, Secret(leaf.key),
                              client_certificates ? ca_.pem() : std::string()};
    auto server = Server::Start(std::move(options), peers_.application);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }
  H2ClientOptions Client(const Server& server, const PemIdentity& identity = {}) {
    H2ClientOptions options;
    options.address = server.address();
    options.tls.emplace();
    options.tls->ca = ca_.pem();
    options.tls->certificate = identity.certificate;
    options.tls->key = identity.key;
    return options;
  }
  // ":status" of one call; or why there is none.
  static std::string TryCall(const H2ClientOptions& options) {
    auto client = H2Client::Connect(options);
    if (!client.ok()) {
      return client.status().ToString();
    }
    std::string status = (*client)->Call("/").Get(":status");
    return status.empty() ? "closed" : status;
  }

  TestCa ca_;
  PeerApplication peers_;
};

TEST_F(TlsServerTest, ServesOverTls) {
  auto server = Start(false);
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    H2ClientOptions client = Client(*server);
    client.tls->max_version = version;
    EXPECT_EQ(TryCall(client), "200");
    EXPECT_FALSE(peers_.peer().has_certificate);
    EXPECT_THAT(peers_.peer().address, ::testing::StartsWith("127.0.0.1:"));
  }
}

TEST_F(TlsServerTest, RefusesOldTls) {
  auto server = Start(false);
  H2ClientOptions client = Client(*server);
  client.tls->max_version = TLS1_1_VERSION;
  EXPECT_THAT(TryCall(client), HasSubstr("TLS handshake"));
}

TEST_F(TlsServerTest, AClientWithoutAlpnIsRefused) {
  auto server = Start(false);
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    H2ClientOptions client = Client(*server);
    client.tls->alpn = "";
    client.tls->max_version = version;
    EXPECT_EQ(TryCall(client), "closed");
  }
  EXPECT_EQ(server->counters().alpn_refusals.value(), 2U);
}

TEST_F(TlsServerTest, AClientWithAnotherProtocolIsRefused) {
  auto server = Start(false);
  H2ClientOptions client = Client(*server);
  client.tls->alpn = "http/1.1";
  EXPECT_THAT(TryCall(client), HasSubstr("no application protocol"));
  server->Drain(absl::ZeroDuration());
  EXPECT_EQ(server->counters().tls_failures.value(), 1U);
}

TEST_F(TlsServerTest, NamesOfTheClientCertificateReachTheApplication) {
  auto server = Start(true);
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    H2ClientOptions client =
        Client(*server, ca_.Issue("URI:spiffe://prod/a,DNS:one.example,URI:spiffe://prod/b,"
                                  "DNS:two.example,IP:192.0.2.1"));
    client.tls->max_version = version;
    EXPECT_EQ(TryCall(client), "200");
    Peer peer = peers_.peer();
    EXPECT_TRUE(peer.has_certificate);
    EXPECT_THAT(peer.uri_sans, ElementsAre("spiffe://prod/a", "spiffe://prod/b"));
    EXPECT_THAT(peer.dns_sans, ElementsAre("one.example", "two.example"));
    EXPECT_FALSE(peer.unix_uid.has_value());
  }
  EXPECT_EQ(TryCall(Client(*server, ca_.Issue(""))), "200");
  EXPECT_TRUE(peers_.peer().has_certificate);
  EXPECT_TRUE(peers_.peer().uri_sans.empty());
}

TEST_F(TlsServerTest, WithoutACertificateThatFitsNobodyIsServed) {
  auto server = Start(true);
  TestCa stranger;
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const PemIdentity& identity :
         {PemIdentity(), stranger.Issue("URI:spiffe://prod/a"), ca_.Issue("DNS:a", -1)}) {
      H2ClientOptions client = Client(*server, identity);
      client.tls->max_version = version;
      EXPECT_NE(TryCall(client), "200");
    }
  }
  // A client may know of its refusal before the server has counted it.
  server->Drain(absl::ZeroDuration());
  EXPECT_EQ(server->counters().tls_failures.value(), 6U);
  EXPECT_EQ(peers_.peer().address, "");
}

TEST_F(TlsServerTest, SessionsAreNotResumed) {
  auto server = Start(true);
  const PemIdentity identity = ca_.Issue("URI:spiffe://prod/a");
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    H2ClientOptions options = Client(*server, identity);
    options.tls->max_version = version;
    // Open until the end of the test: OpenSSL resumes no session of a connection that was cut.
    auto first = H2Client::Connect(options);
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_EQ((*first)->Call("/").Get(":status"), "200");
    SSL* ssl = (*first)->bytes().ssl();
    EXPECT_EQ(SSL_version(ssl), version);
    EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get0_session(ssl)), 0);

    options.tls->session = {SSL_get1_session(ssl), SSL_SESSION_free};
    auto second = H2Client::Connect(options);
    ASSERT_TRUE(second.ok()) << second.status();
    EXPECT_EQ((*second)->Call("/").Get(":status"), "200");
    EXPECT_EQ(SSL_session_reused((*second)->bytes().ssl()), 0) << SSL_get_version(ssl);
  }
}

TEST_F(TlsServerTest, OnlyCiphersWithForwardSecrecyThatAuthenticateAreTaken) {
  auto server = Start(false);
  for (const auto& [cipher, taken] : {std::pair("ECDHE-ECDSA-AES128-GCM-SHA256", true),
                                      {"ECDHE-ECDSA-CHACHA20-POLY1305", true},
                                      {"ECDHE-ECDSA-AES128-SHA256", false},
                                      {"ECDHE-ECDSA-AES256-SHA", false},
                                      {"ECDHE-ECDSA-AES128-CCM", false}}) {
    H2ClientOptions client = Client(*server);
    client.tls->max_version = TLS1_2_VERSION;
    client.tls->tls12_ciphers = cipher;
    if (taken) {
      EXPECT_EQ(TryCall(client), "200") << cipher;
    } else {
      EXPECT_THAT(TryCall(client), HasSubstr("handshake failure")) << cipher;
    }
  }
}

TEST_F(TlsServerTest, GarbageInsteadOfTlsIsRefused) {
  auto server = Start(true);
  auto stream = ConnectBytesTo(*server);
  stream->Write(H2Hello());
  EXPECT_TRUE(stream->AwaitClose());
  server->Drain(absl::ZeroDuration());
  EXPECT_EQ(server->counters().tls_failures.value(), 1U);
}

TEST_F(TlsServerTest, ANewIdentityServesNewConnections) {
  auto server = Start(false);
  auto old = H2Client::Connect(Client(*server));
  ASSERT_TRUE(old.ok());
  TestCa next;
  PemIdentity leaf = next.Issue("DNS:localhost");
  ASSERT_TRUE(server->UpdateIdentity({leaf.certificate, Secret(leaf.key), ""}).ok());
  EXPECT_EQ((*old)->Call("/").Get(":status"), "200");
  EXPECT_THAT(TryCall(Client(*server)), HasSubstr("certificate verify failed"));
  H2ClientOptions client = Client(*server);
  client.tls->ca = next.pem();
  EXPECT_EQ(TryCall(client), "200");
  // What does not fit changes nothing.
  EXPECT_FALSE(server->UpdateIdentity({leaf.certificate, Secret("garbage"), ""}).ok());
  EXPECT_EQ(TryCall(client), "200");
}

TEST_F(TlsServerTest, LargeBodiesPassOverTls) {
  EchoApplication application;
  PemIdentity leaf = ca_.Issue("DNS:localhost");
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.tls = TlsIdentity{leaf.certificate, Secret(leaf.key), ""};
  auto server = Server::Start(std::move(options), application);
  ASSERT_TRUE(server.ok());
  auto client = H2Client::Connect(Client(**server));
  ASSERT_TRUE(client.ok());
  std::string body(2 * 1024 * 1024, 'b');
  EXPECT_TRUE((*client)->Call("/echo", body).body == body);
}

TEST(Server, APlaintextListenerTakesNoIdentity) {
  EchoApplication application;
  auto server = StartServer(application);
  EXPECT_EQ(server->UpdateIdentity({}).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Server, StartSaysWhatIsWrong) {
  EchoApplication application;
  auto start = [&](const std::string& address, std::optional<TlsIdentity> tls) {
    ServerOptions options;
    options.address = address;
    options.tls = std::move(tls);
    return Server::Start(std::move(options), application).status();
  };
  EXPECT_EQ(start("nowhere", std::nullopt).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(start("127.0.0.1:0", TlsIdentity()).ToString(), HasSubstr("TLS certificate"));
  auto server = StartServer(application);
  EXPECT_EQ(start(server->address(), std::nullopt).code(), absl::StatusCode::kAlreadyExists);
}

TEST(Limits, AreByDefaultThoseThatTheDocumentsState) {
  const Limits limits;
  EXPECT_EQ(limits.handshake_timeout, absl::Seconds(5));
  EXPECT_EQ(limits.settings_timeout, absl::Seconds(10));
  EXPECT_EQ(limits.keepalive_interval, absl::Seconds(60));
  EXPECT_EQ(limits.keepalive_timeout, absl::Seconds(20));
  EXPECT_EQ(limits.idle_timeout, absl::Seconds(300));
  EXPECT_EQ(limits.max_connection_age, absl::Seconds(180));
  EXPECT_EQ(limits.max_connection_age_grace, absl::Seconds(10));
  EXPECT_EQ(limits.trust_check_spread, absl::Seconds(5));
  EXPECT_EQ(limits.unread_output_timeout, absl::Seconds(5));
  EXPECT_EQ(limits.min_output_rate, 1024U);
  EXPECT_EQ(limits.max_unread_output, 256U * 1024);
  EXPECT_EQ(limits.max_queued_output, 4U * 1024 * 1024);
  EXPECT_EQ(limits.max_queued_output_total, 32U * 1024 * 1024);
  EXPECT_EQ(limits.max_header_list, 8U * 1024);
  EXPECT_EQ(limits.max_header_section, 64U * 1024);
  EXPECT_EQ(limits.max_streams, 100U);
  EXPECT_EQ(limits.max_connections, 10'000U);
}

TEST(Server, APeerOverIpv6IsCountedByItsNetwork) {
  if (!HasIpv6Loopback()) {
    return;  // ListensOnIpv6 shows what is said then
  }
  PeerApplication peers;
  ServerOptions options;
  options.address = "[::1]:0";
  options.loops = 1;
  auto server = Server::Start(std::move(options), peers.application);
  ASSERT_TRUE(server.ok()) << server.status();
  H2ClientOptions client;
  client.address = (*server)->address();
  auto connected = H2Client::Connect(client);
  ASSERT_TRUE(connected.ok()) << connected.status();
  EXPECT_EQ((*connected)->Call("/").Get(":status"), "200");
  EXPECT_THAT(peers.peer().address, ::testing::StartsWith("[::1]:"));
  EXPECT_EQ(peers.peer().counted_as, "::/64");
}

TEST(Server, UnixSocketTellsTheUser) {
  PeerApplication peers;
  ServerOptions options;
  const TestFolder folder;
  options.address = "unix:" + folder.Path("h2.sock");
  options.loops = 2;
  options.limits.max_connections_per_address = 2;
  std::string address = options.address;
  auto server = Server::Start(std::move(options), peers.application);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ((*server)->address(), address);
  H2ClientOptions client;
  client.address = address;
  auto first = H2Client::Connect(client);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ((*first)->Call("/").Get(":status"), "200");
  EXPECT_EQ(peers.peer().unix_uid, ::getuid());
  EXPECT_EQ(peers.peer().address, "unix");
  auto second = H2Client::Connect(client);
  EXPECT_EQ((*second)->Call("/").Get(":status"), "200");
  // The limit an address has is a user's here.
  auto third = H2Client::Connect(client);
  EXPECT_TRUE((*third)->AwaitClose());
  (*server)->Drain(absl::ZeroDuration());
  EXPECT_FALSE(H2Client::Connect(client).ok());
}

TEST(Server, ConnectionsBeyondTheLimitsAreClosedAtOnce) {
  EchoApplication application;
  Limits limits;
  limits.max_connections_per_address = 2;
  auto server = StartServer(application, limits);
  auto first = ConnectTo(*server);
  auto second = ConnectTo(*server);
  EXPECT_EQ(first->Call("/").Get(":status"), "200");
  EXPECT_EQ(second->Call("/").Get(":status"), "200");
  EXPECT_TRUE(ConnectBytesTo(*server)->AwaitClose());
  EXPECT_EQ(server->counters().refused_per_address.value(), 1U);
  // A place that is given back is free again.
  second.reset();
  absl::Time end = absl::Now() + absl::Seconds(20);
  std::string status;
  while (status != "200" && absl::Now() < end) {
    status = ConnectTo(*server)->Call("/").Get(":status");
  }
  EXPECT_EQ(status, "200");
}

TEST(Server, AHundredConnectionsOnSeveralLoops) {
  Mutex mutex;
  std::set<EventLoop*> loops;
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    MutexLock lock(mutex);
    loops.insert(&stream.loop());
    stream.SendHeadersOnly(OkHeaders());
    return Script();
  });
  auto server = StartServer(application, {}, 3);
  std::vector<std::unique_ptr<H2Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(ConnectTo(*server));
  }
  for (auto& client : clients) {
    EXPECT_EQ(client->Call("/").Get(":status"), "200");
  }
  EXPECT_EQ(server->counters().connections_accepted.value(), 100U);
  clients.clear();
  server->Drain(absl::Seconds(20));
  EXPECT_EQ(server->counters().connections_closed.value(), 100U);
  MutexLock lock(mutex);
  EXPECT_EQ(loops.size(), 3U);
}

TEST(Server, ManyClientsAtOnce) {
  EchoApplication application;
  auto server = StartServer(application, {}, 2);
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      auto client = ConnectTo(*server);
      std::string body(static_cast<std::size_t>(1000 * t + 10), 'b');
      for (int i = 0; i < 100; ++i) {
        good += client->Call("/echo", body).body == body ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(good, 400);
}

TEST(Server, DrainWaitsForOpenStreams) {
  Signal opened;
  Stream* open = nullptr;
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    open = &stream;
    opened.Notify();
    stream.SendHeaders(OkHeaders());
    return Script();
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  auto idle = ConnectTo(*server);
  std::int32_t stream = client->Request("/", true);
  ASSERT_TRUE(client->Await([&] { return !client->answer(stream).headers.empty(); }));
  ASSERT_TRUE(opened.Await());
  std::thread drain([&] { server->Drain(absl::Seconds(20)); });
  EXPECT_TRUE(client->Await([&] { return client->goaways().size() == 2; }));
  EXPECT_TRUE(idle->AwaitClose());
  EXPECT_FALSE(H2Client::Connect({server->address(), {}}).ok());
  open->loop().Post([&] { open->SendTrailers(EndTrailers()); });
  ASSERT_TRUE(client->AwaitAnswer(stream));
  EXPECT_EQ(client->answer(stream).Get("x-end"), "1");
  client.reset();
  idle.reset();
  drain.join();
  EXPECT_EQ(server->counters().grace_cuts.value(), 0U);
}

TEST(Server, DrainCutsWhatOutlivesTheGrace) {
  Signal destroyed;
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    Script script;
    script.on_destroy = [&] { destroyed.Notify(); };
    return script;
  });
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  std::int32_t stream = client->Request("/", true);
  ASSERT_TRUE(client->Await([&] { return !client->answer(stream).headers.empty(); }));
  server->Drain(absl::Milliseconds(50));
  EXPECT_EQ(destroyed.count(), 1);
  EXPECT_TRUE(client->AwaitClose());
  EXPECT_FALSE(client->goaways().empty());
  server->Drain(absl::Seconds(20));  // nothing is left to wait for
}

TEST(Server, TheDestructorEndsEverythingAtOnce) {
  Signal destroyed;
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    Script script;
    script.on_destroy = [&] { destroyed.Notify(); };
    return script;
  });
  auto server = StartServer(application, {}, 2);
  std::vector<std::unique_ptr<H2Client>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(ConnectTo(*server));
    std::int32_t stream = clients.back()->Request("/", false);
    ASSERT_TRUE(
        clients.back()->Await([&] { return !clients.back()->answer(stream).headers.empty(); }));
  }
  absl::Time start = absl::Now();
  server.reset();
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  EXPECT_EQ(destroyed.count(), 10);
}

}  // namespace
}  // namespace credential_broker::h2
