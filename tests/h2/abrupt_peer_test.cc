// Peers that are gone before the response to their request is written, so that a connection breaks
// inside the write that ends its streams. The loop waits inside a handler until the peer has gone:
// the order of events is the same in every run. What goes wrong here reads freed memory, so that
// it needs AddressSanitizer to be seen for sure.

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "h2/server.h"
#include "h2/test_application.h"
#include "support/test_ca.h"

namespace credential_broker::h2 {
namespace {

constexpr char kAbruptPath[] = "/a";

// HEADERS of a whole request for kAbruptPath, as HPACK literals.
std::string WholeRequest(std::uint32_t stream) {
  return H2Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, stream,
                 std::string("\x83\x86\x04\x02/a\x01\x01"
                             "b",
                             9));
}

std::string WholeRequests(int count) {
  std::string requests;
  for (int i = 0; i < count; ++i) {
    requests += WholeRequest(static_cast<std::uint32_t>(2 * i + 1));
  }
  return requests;
}

// The preface, the acknowledgement of the server's SETTINGS, and windows that nothing fills.
std::string WideOpenHello() {
  return std::string(kH2Preface) +
         H2Frame(NGHTTP2_SETTINGS, 0, 0, std::string("\0\4", 2) + BigEndian32(0x7fffffff)) +
         H2Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, BigEndian32(0x7fff0000)) +
         H2Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "");
}

class AbruptPeerTest : public ::testing::TestWithParam<bool> {
 protected:
  bool tls() const { return GetParam(); }

  // Starts a server whose handlers do `respond` when the request is whole: for kAbruptPath, once
  // the peer has gone.
  void Start(std::function<Script(Stream&)> respond, const Limits& limits = {}) {
    application_.emplace(
        [this, respond = std::move(respond)](Stream& stream, const RequestHead& head) {
          if (head.path != kAbruptPath) {
            stream.SendHeadersOnly(OkHeaders());
            return Script();
          }
          Script script;
          if (wait_in_handler_) {
            asked_.Notify();
            EXPECT_TRUE(gone_.Await(asked_.count()));
          }
          return respond(stream);
        });
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.loops = 1;
    options.limits = limits;
    if (tls()) {
      PemIdentity leaf = ca_.Issue("DNS:localhost");
      options.tls = TlsIdentity{leaf.certificate, Secret(leaf.key), ca_.pem()};
    }
    auto server = Server::Start(std::move(options), *application_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::optional<H2ClientTls> ClientTls() {
    if (!tls()) {
      return std::nullopt;
    }
    PemIdentity identity = ca_.Issue("URI:spiffe://prod/a");
    return H2ClientTls{.ca = ca_.pem(), .certificate = identity.certificate, .key = identity.key};
  }

  std::unique_ptr<ByteStream> Connect() {
    auto stream = ByteStream::Connect(server_->address(), ClientTls());
    EXPECT_TRUE(stream.ok()) << stream.status();
    return *std::move(stream);
  }

  // A peer that asks `requests` times in one write, and resets the connection once the first
  // request has reached its handler.
  void AskAndVanish(int requests = 1) {
    std::unique_ptr<ByteStream> peer = Connect();
    const int asked = asked_.count();
    ASSERT_TRUE(peer->Write(WideOpenHello() + WholeRequests(requests)));
    ASSERT_TRUE(asked_.Await(asked + 1));
    peer->Abort();
    for (int i = 0; i < requests; ++i) {
      gone_.Notify();
    }
  }

  // The connection of the peer has been given up, and others are served by the same loop.
  void ExpectServing(std::uint64_t closed) {
    auto client = H2Client::Connect({server_->address(), ClientTls()});
    ASSERT_TRUE(client.ok()) << client.status();
    EXPECT_EQ((*client)->Call("/other").Get(":status"), "200");
    EXPECT_EQ(server_->counters().connections_closed.value(), closed);
  }

  TestCa ca_;
  Signal asked_;
  Signal gone_;
  bool wait_in_handler_ = true;
  std::optional<ScriptedApplication> application_;
  std::unique_ptr<Server> server_;
};

TEST_P(AbruptPeerTest, VanishesBeforeAUnaryResponseIsWritten) {
  Start([](Stream& stream) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string("response"));
    stream.SendTrailers(EndTrailers());
    return Script();
  });
  AskAndVanish();
  ExpectServing(1);
}

TEST_P(AbruptPeerTest, VanishesBeforeARefusalIsWritten) {
  Start([](Stream& stream) {
    stream.SendHeadersOnly(OkHeaders());
    return Script();
  });
  AskAndVanish();
  ExpectServing(1);
}

TEST_P(AbruptPeerTest, VanishesBeforeManyResponsesAreWritten) {
  Start([](Stream& stream) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string(5000, 'r'));
    stream.SendTrailers(EndTrailers());
    return Script();
  });
  AskAndVanish(50);
  ExpectServing(1);
}

TEST_P(AbruptPeerTest, VanishesFromAStreamThatSendsMoreWhenItHasDrained) {
  Signal drained;
  Start([&](Stream& stream) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string("first"));
    Script script;
    script.on_drained = [&](Stream& s) {
      drained.Notify();
      s.SendData(std::string("second"));
    };
    return script;
  });
  AskAndVanish();
  ASSERT_TRUE(drained.Await());
  ExpectServing(1);
}

TEST_P(AbruptPeerTest, VanishesFromAStreamThatEndsWhenItHasDrained) {
  Signal drained;
  Start([&](Stream& stream) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string("all"));
    Script script;
    script.on_drained = [&](Stream& s) {
      drained.Notify();
      s.SendTrailers(EndTrailers());
    };
    return script;
  });
  AskAndVanish();
  ASSERT_TRUE(drained.Await());
  ExpectServing(1);
}

TEST_P(AbruptPeerTest, VanishesFromAStreamThatResetsItselfWhenItHasDrained) {
  Start([&](Stream& stream) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string("some"));
    Script script;
    script.on_drained = [](Stream& s) { s.Reset(NGHTTP2_INTERNAL_ERROR); };
    return script;
  });
  AskAndVanish();
  ExpectServing(1);
}

// The peer stays here: it is cut off for what is queued, in the turn that ends with more to write.
TEST_P(AbruptPeerTest, IsCutOffForItsQueueWhileThereIsMoreToWrite) {
  wait_in_handler_ = false;
  Limits limits;
  limits.max_queued_output = 64 * 1024;
  Start(
      [](Stream& stream) {
        // Headers go before all data, a few frames a turn.
        const std::string large(8000, 'x');
        const std::array<HeaderView, 2> headers = {{{":status", "200"}, {"x-large", large}}};
        stream.SendHeaders(headers);
        stream.SendData(std::string(10000, 'x'));
        return Script();
      },
      limits);
  std::unique_ptr<ByteStream> peer = Connect();
  ASSERT_TRUE(peer->Write(WideOpenHello() + WholeRequests(90)));
  EXPECT_TRUE(peer->AwaitClose());
  EXPECT_EQ(server_->counters().unread_output.value(), 1U);
  ExpectServing(1);
}

INSTANTIATE_TEST_SUITE_P(Transports, AbruptPeerTest, ::testing::Bool(),
                         [](const auto& transport) { return transport.param ? "Tls" : "Plain"; });

}  // namespace
}  // namespace credential_broker::h2
