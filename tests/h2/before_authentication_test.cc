#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "h2/test_application.h"
#include "support/test_ca.h"

namespace credential_broker::h2 {
namespace {

std::string Sized(std::size_t bytes, const std::string& data) {
  std::string size;
  for (std::size_t i = bytes; i-- > 0;) {
    size += static_cast<char>(data.size() >> (8 * i) & 0xFF);
  }
  return size + data;
}

std::string Extension(int type, const std::string& data) {
  return std::string{'\0', static_cast<char>(type)} + Sized(2, data);
}

std::string Repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

// A ClientHello of TLS 1.3, in a record.
std::string ClientHello(const std::string& ciphers, const std::string& more_extensions) {
  const std::string extensions =
      Extension(10, Sized(2, std::string("\x00\x1D", 2))) +  // X25519
      Extension(13, Sized(2, "\x04\x03\x08\x04")) + Extension(16, Sized(2, Sized(1, "h2"))) +
      Extension(43, Sized(1, "\x03\x04")) +
      Extension(51, Sized(2, std::string("\x00\x1D", 2) + Sized(2, std::string(32, '\x09')))) +
      more_extensions;
  const std::string body = "\x03\x03" + std::string(32, 'r') + Sized(1, "") + Sized(2, ciphers) +
                           Sized(1, std::string(1, '\0')) + Sized(2, extensions);
  return "\x16\x03\x01" + Sized(2, "\x01" + Sized(3, body));
}

// What clients may use of a listener before they have authenticated.
class BeforeAuthentication : public ::testing::Test {
 protected:
  // OpenSSL writes to a socket that the server may have closed.
  BeforeAuthentication() { std::signal(SIGPIPE, SIG_IGN); }

  std::unique_ptr<Server> Start(const Limits& limits = {}) {
    PemIdentity leaf = ca_.Issue("DNS:localhost");
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.loops = 1;
    options.limits = limits;
    options.tls = TlsIdentity{leaf.certificate, Secret(leaf.key), ca_.pem()};
    auto server = Server::Start(std::move(options), application_);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  std::unique_ptr<H2Client> Client(const Server& server, int max_version = 0) {
    H2ClientOptions options;
    options.address = server.address();
    options.tls.emplace();
    options.tls->ca = ca_.pem();
    options.tls->certificate = client_.certificate;
    options.tls->key = client_.key;
    options.tls->max_version = max_version;
    auto client = H2Client::Connect(options);
    return client.ok() ? *std::move(client) : nullptr;
  }
  std::string Call(const Server& server) {
    auto client = Client(server);
    return client == nullptr ? "" : client->Call("/").Get(":status");
  }

  static std::unique_ptr<ByteStream> Bytes(const Server& server) {
    auto bytes = ByteStream::Connect(server.address(), std::nullopt);
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    return *std::move(bytes);
  }

  static bool Connect(SSL* ssl, const ByteStream& stream) {
    ::fcntl(stream.fd(), F_SETFL, 0);  // blocking
    SSL_set_fd(ssl, stream.fd());
    return SSL_connect(ssl) == 1;
  }

  // A TLS 1.3 handshake of a client that supports these groups. Empty: it succeeded, as far as the
  // client can tell; else OpenSSL's words.
  std::string HandshakeWithGroups(const Server& server, const char* groups) {
    auto stream = Bytes(server);
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                              SSL_CTX_free);
    EXPECT_EQ(SSL_CTX_set1_groups_list(context.get(), groups), 1) << groups;
    std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
    ERR_clear_error();
    if (Connect(ssl.get(), *stream)) {
      return "";
    }
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason == nullptr ? "closed" : reason;
  }

  // A call succeeds as soon as what closed before has been seen.
  bool CallSucceedsSoon(const Server& server) {
    const absl::Time end = absl::Now() + absl::Seconds(20);
    while (absl::Now() < end) {
      if (Call(server) == "200") {
        return true;
      }
    }
    return false;
  }

  EchoApplication application_;
  TestCa ca_;
  PemIdentity client_ = ca_.Issue("URI:spiffe://test/client");
};

TEST_F(BeforeAuthentication, KeyExchangeIsByEllipticCurvesAlone) {
  auto server = Start();
  for (const char* groups : {"X25519", "P-256", "P-384", "ffdhe8192:X448:P-256"}) {
    EXPECT_EQ(HandshakeWithGroups(*server, groups), "") << groups;
  }
  for (const char* groups : {"ffdhe2048", "ffdhe8192", "X448", "P-521"}) {
    EXPECT_NE(HandshakeWithGroups(*server, groups), "") << groups;
  }
}

// Each of which takes eight handshakes: more would exceed Limits::max_handshakes.
TEST_F(BeforeAuthentication, AServerHasAtMost64EventLoops) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.loops = 100;
  const auto server = Server::Start(std::move(options), application_);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ((*server)->loops().size(), 64U);
}

TEST_F(BeforeAuthentication, AnOversizedClientHelloIsRefusedByItsHeader) {
  auto server = Start();
  auto stream = Bytes(*server);
  ASSERT_TRUE(stream->Write({"\x16\x03\x01\x00\x04\x01\x02\x01\x44", 9}));
  EXPECT_TRUE(stream->AwaitClose());
  EXPECT_EQ(server->counters().oversized_handshakes.value(), 1U);
  EXPECT_EQ(server->counters().tls_failures.value(), 0U);
}

// OpenSSL would hold many times their size.
TEST_F(BeforeAuthentication, AClientHelloWithLongListsOfObjectsIsRefused) {
  auto server = Start();
  const auto is_answered = [&](const std::string& hello) {
    auto stream = Bytes(*server);
    EXPECT_TRUE(stream->Write(hello));
    const std::string record = stream->Read(absl::Seconds(20)).value_or("");
    return !record.empty() && record[0] == '\x16';  // else it is an alert
  };
  const std::string cipher = "\x13\x01";
  const std::string name("\x00\x02\x30\x00", 4);
  const auto authorities = [&](std::size_t count) {
    return Extension(47, Sized(2, Repeated(name, count)));
  };
  const auto responders = [](std::size_t count) {
    const std::string responder = Sized(2, std::string("\xA1\x02\x30\x00", 4));
    return Extension(5, "\x01" + Sized(2, Repeated(responder, count)) + Sized(2, ""));
  };
  EXPECT_TRUE(is_answered(ClientHello(cipher, "")));
  EXPECT_TRUE(is_answered(ClientHello(Repeated(cipher, 128), authorities(30) + responders(20))));
  EXPECT_FALSE(is_answered(ClientHello(Repeated(cipher, 129), "")));
  EXPECT_FALSE(is_answered(ClientHello(cipher, authorities(35))));
  EXPECT_FALSE(is_answered(ClientHello(cipher, responders(25))));
}

// The message of TLS 1.3 that holds the client's certificates is encrypted: OpenSSL bounds it.
TEST_F(BeforeAuthentication, AnOversizedClientCertificateIsRefused) {
  auto server = Start();
  client_ = ca_.Issue("URI:spiffe://test/" + std::string(12'000, 'a'));
  EXPECT_EQ(Call(*server), "200");
  client_ = ca_.Issue("URI:spiffe://test/" + std::string(16'384, 'a'));
  EXPECT_NE(Call(*server), "200");
  // A client may know of its refusal before the server has counted it.
  server->Drain(absl::ZeroDuration());
  EXPECT_EQ(server->counters().tls_failures.value(), 1U);
}

TEST_F(BeforeAuthentication, TheOldestHandshakeGoesForANewOne) {
  Limits limits;
  limits.max_handshakes_per_address = 2;
  auto server = Start(limits);
  std::vector<std::unique_ptr<ByteStream>> silent;
  for (int i = 0; i < 4; ++i) {
    silent.push_back(Bytes(*server));
  }
  EXPECT_TRUE(silent[0]->AwaitClose());
  EXPECT_TRUE(silent[1]->AwaitClose());
  EXPECT_EQ(Call(*server), "200");
  EXPECT_TRUE(silent[2]->AwaitClose());
  EXPECT_EQ(server->counters().evicted_handshakes.value(), 3U);
  EXPECT_EQ(silent[3]->Read(absl::ZeroDuration()), "");
}

TEST_F(BeforeAuthentication, OpenConnectionsAreNotEvicted) {
  Limits limits;
  limits.max_handshakes_per_address = 2;
  auto server = Start(limits);
  auto client = Client(*server);
  ASSERT_NE(client, nullptr);
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
  std::vector<std::unique_ptr<ByteStream>> silent;
  for (int i = 0; i < 10; ++i) {
    silent.push_back(Bytes(*server));
  }
  EXPECT_TRUE(silent[7]->AwaitClose());
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
}

TEST_F(BeforeAuthentication, HandshakesTakeNoPlaceOfOpenConnections) {
  Limits limits;
  limits.max_connections = 1;
  auto server = Start(limits);
  std::vector<std::unique_ptr<ByteStream>> silent;
  for (int i = 0; i < 10; ++i) {
    silent.push_back(Bytes(*server));
  }
  EXPECT_EQ(Call(*server), "200");
  EXPECT_EQ(server->counters().refused_total.value(), 0U);
}

TEST_F(BeforeAuthentication, OneOfTwoHandshakesGetsTheLastPlace) {
  Limits limits;
  limits.max_connections = 1;
  auto server = Start(limits);
  // Accepted while there is a place for it, authenticated when there is none.
  auto late = Bytes(*server);
  auto client = Client(*server);
  ASSERT_NE(client, nullptr);
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                            SSL_CTX_free);
  UseIdentity(context.get(), client_);
  constexpr unsigned char kAlpn[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kAlpn, sizeof(kAlpn));
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
  EXPECT_TRUE(Connect(ssl.get(), *late));
  EXPECT_TRUE(late->AwaitClose());
  EXPECT_EQ(server->counters().refused_total.value(), 1U);
  client.reset();
  EXPECT_TRUE(CallSucceedsSoon(*server));
}

TEST_F(BeforeAuthentication, AClientThatClosesWithoutAByteIsNoFailedHandshake) {
  auto server = Start();
  for (int i = 0; i < 3; ++i) {
    Bytes(*server).reset();
    Bytes(*server)->Abort();
  }
  server->Drain(absl::Seconds(20));
  EXPECT_EQ(server->counters().probes.value(), 6U);
  EXPECT_EQ(server->counters().tls_failures.value(), 0U);
  EXPECT_EQ(server->counters().handshake_timeouts.value(), 0U);
}

TEST_F(BeforeAuthentication, AClientThatSendsOneByteIsAFailedHandshake) {
  auto server = Start();
  auto stream = Bytes(*server);
  ASSERT_TRUE(stream->Write("\x16"));
  stream.reset();
  server->Drain(absl::Seconds(20));
  EXPECT_EQ(server->counters().probes.value(), 0U);
  EXPECT_EQ(server->counters().tls_failures.value(), 1U);
}

TEST(BeforeThePreface, PlaintextConnectionsHavePlacesOfTheirOwn) {
  EchoApplication application;
  Limits limits;
  limits.max_connections = 1;
  limits.max_handshakes_per_address = 2;
  auto server = StartServer(application, limits);
  std::vector<std::unique_ptr<ByteStream>> silent;
  for (int i = 0; i < 4; ++i) {
    silent.push_back(ConnectBytesTo(*server));
  }
  // Some of them on top of the preface's beginning.
  ASSERT_TRUE(silent.back()->Write(kH2Preface.substr(0, 10)));
  EXPECT_TRUE(silent[0]->AwaitClose());
  EXPECT_TRUE(silent[1]->AwaitClose());
  EXPECT_EQ(server->counters().evicted_handshakes.value(), 2U);
  auto client = ConnectTo(*server);
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
  for (int i = 0; i < 4; ++i) {
    ConnectBytesTo(*server)->AwaitClose();  // there is no place for another
  }
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
  EXPECT_EQ(server->counters().refused_total.value(), 4U);
}

}  // namespace
}  // namespace credential_broker::h2
