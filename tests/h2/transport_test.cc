#include "h2/transport.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "h2/test_application.h"
#include "support/test_ca.h"

namespace credential_broker::h2 {
namespace {

// What can be read in one turn.
std::size_t ReadTurn(Transport& transport) {
  std::vector<char> buffer(Transport::kBytesPerTurn);
  std::size_t all = 0;
  transport.BeginTurn();
  for (;;) {
    Transport::Result result = transport.Read(buffer.data(), buffer.size());
    if (result.io != Transport::Io::kOk) {
      EXPECT_EQ(result.io, Transport::Io::kWantRead);
      return all;
    }
    all += result.size;
  }
}

TEST(Transport, ATurnEndsHoweverMuchThereIs) {
  int sockets[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets), 0);
  UniqueFd peer(sockets[1]);
  Transport transport(UniqueFd(sockets[0]), nullptr);
  std::string bytes(Transport::kBytesPerTurn + 1000, 'b');
  ASSERT_EQ(::send(peer.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(ReadTurn(transport), Transport::kBytesPerTurn);
  EXPECT_EQ(ReadTurn(transport), 1000U);
}

// A server of TLS and a client of it that has a connection.
class TlsTransport : public ::testing::Test {
 protected:
  TlsTransport() {
    // OpenSSL's writes raise it once the server has closed.
    std::signal(SIGPIPE, SIG_IGN);
    PemIdentity leaf = ca_.Issue("DNS:localhost");
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.loops = 1;
    options.tls = TlsIdentity{leaf.certificate, Secret(leaf.key), ""};
    server_ = *Server::Start(std::move(options), application_);
  }
  std::unique_ptr<H2Client> Connect(int max_version = 0) {
    H2ClientOptions options;
    options.address = server_->address();
    options.tls.emplace();
    options.tls->max_version = max_version;
    auto client = H2Client::Connect(options);
    EXPECT_TRUE(client.ok()) << client.status();
    EXPECT_EQ((*client)->Call("/").Get(":status"), "200");
    return *std::move(client);
  }

  EchoApplication application_;
  TestCa ca_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsTransport, AFewKeyUpdatesAreServed) {
  auto client = Connect();
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(SSL_key_update(client->bytes().ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(client->Call("/").Get(":status"), "200") << i;
  }
  EXPECT_EQ(server_->counters().tls_floods.value(), 0U);
}

TEST_F(TlsTransport, ManyKeyUpdatesEndTheConnection) {
  auto client = Connect();
  auto other = Connect();
  SSL* ssl = client->bytes().ssl();
  for (int i = 0; i < 1000; ++i) {
    // Without a call between, which would also read the answers.
    if (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1 || SSL_do_handshake(ssl) != 1) {
      break;
    }
  }
  EXPECT_TRUE(client->bytes().AwaitClose());
  EXPECT_EQ(server_->counters().tls_floods.value(), 1U);
  EXPECT_EQ(other->Call("/").Get(":status"), "200");
}

TEST_F(TlsTransport, ARenegotiationEndsTheConnection) {
  auto client = Connect(TLS1_2_VERSION);
  SSL* ssl = client->bytes().ssl();
  ASSERT_EQ(SSL_renegotiate(ssl), 1);
  SSL_do_handshake(ssl);
  // The client itself may give up before the server has read its message.
  auto other = Connect();
  const absl::Time end = absl::Now() + ByteStream::kPatience;
  while (server_->counters().tls_floods.value() == 0 && absl::Now() < end) {
    ASSERT_EQ(other->Call("/").Get(":status"), "200");
  }
  EXPECT_EQ(server_->counters().tls_floods.value(), 1U);
  EXPECT_TRUE(client->bytes().AwaitClose());
}

}  // namespace
}  // namespace credential_broker::h2
