#include "h2/connection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "h2/test_application.h"
#include "support/test_ca.h"

namespace credential_broker::h2 {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

Limits Patient() {
  Limits limits;
  limits.shutdown_notice = absl::Milliseconds(10);
  return limits;
}

// Opens streams that never end, and notes when their handlers go.
class EndlessApplication {
 public:
  EndlessApplication()
      : application([this](Stream& stream, const RequestHead&) {
          stream.SendHeaders(OkHeaders());
          Script script;
          script.on_destroy = [this] { destroyed.Notify(); };
          return script;
        }) {}
  Signal destroyed;
  ScriptedApplication application;
};

std::int32_t OpenEndless(H2Client& client) {
  std::int32_t stream = client.Request("/", true);
  EXPECT_TRUE(client.Await([&] { return !client.answer(stream).headers.empty(); }));
  return stream;
}

using TimeLimit = absl::Duration Limits::*;

// A client with a stream that never ends on a server whose `limit` is as short as lets the stream
// open first, on a machine of any speed.
struct LimitedConnection {
  LimitedConnection(Limits limits, TimeLimit limit) {
    do {
      client.reset();
      server.reset();
      endless = std::make_unique<EndlessApplication>();
      limits.*limit = time;
      server = StartServer(endless->application, limits);
      const absl::Time start = absl::Now();
      client = ConnectTo(*server);
      stream = client->Request("/", true);
      client->Await([&] { return !client->answer(stream).headers.empty(); });
      // The limit runs from the handshake, which is after `start`; the jitter of some takes 10 %.
      in_time = absl::Now() - start < time / 2;
      time *= 2;
    } while (!in_time && time < ByteStream::kPatience);
    EXPECT_TRUE(in_time) << "the stream does not open";
  }

  absl::Duration time = absl::Milliseconds(20);
  bool in_time = false;
  std::unique_ptr<EndlessApplication> endless;
  std::unique_ptr<Server> server;
  std::unique_ptr<H2Client> client;
  std::int32_t stream = 0;
};

// Lets `time` pass on the connection, where the test is about what a client does now and then.
void Pause(H2Client& client, absl::Duration time) {
  client.Await([] { return false; }, time);
}

TEST(Connection, ASilentClientIsClosedWhenTheHandshakeTimeIsOver) {
  Limits limits = Patient();
  limits.handshake_timeout = absl::Milliseconds(30);
  EchoApplication application;
  auto server = StartServer(application, limits);
  auto silent = ConnectBytesTo(*server);
  EXPECT_TRUE(silent->AwaitClose());
  EXPECT_EQ(server->counters().handshake_timeouts.value(), 1U);
  // The preface without SETTINGS is not enough.
  auto half = ConnectBytesTo(*server);
  half->Write(kH2Preface);
  EXPECT_TRUE(half->AwaitClose());
  EXPECT_EQ(server->counters().handshake_timeouts.value(), 2U);
}

TEST(Connection, ATlsHandshakeThatDoesNotEndIsClosed) {
  TestCa ca;
  PemIdentity leaf = ca.Issue("DNS:localhost");
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.loops = 1;
  options.tls = TlsIdentity{leaf.certificate, Secret(leaf.key), ""};
  options.limits.handshake_timeout = absl::Milliseconds(30);
  EchoApplication application;
  auto server = Server::Start(std::move(options), application);
  ASSERT_TRUE(server.ok());
  auto silent = ConnectBytesTo(**server);
  silent->Write("\x16\x03\x01");
  EXPECT_TRUE(silent->AwaitClose());
  EXPECT_EQ((*server)->counters().handshake_timeouts.value(), 1U);
}

TEST(Connection, SettingsThatAreNeverAcknowledgedEndTheConnection) {
  Limits limits = Patient();
  limits.settings_timeout = absl::Milliseconds(30);
  EchoApplication application;
  auto server = StartServer(application, limits);
  auto stream = ConnectBytesTo(*server);
  stream->Write(H2Hello());
  H2FrameReader reader(*stream);
  auto goaway = reader.Await(NGHTTP2_GOAWAY);
  ASSERT_TRUE(goaway.has_value());
  EXPECT_EQ(goaway->payload.substr(4, 4), BigEndian32(NGHTTP2_SETTINGS_TIMEOUT));
  EXPECT_EQ(server->counters().settings_timeouts.value(), 1U);
}

TEST(Connection, IsClosedWhenItHasBeenIdle) {
  Limits limits = Patient();
  limits.idle_timeout = absl::Milliseconds(30);
  EchoApplication application;
  auto server = StartServer(application, limits);
  auto client = ConnectTo(*server);
  EXPECT_TRUE(client->AwaitClose());
  ASSERT_GE(client->goaways().size(), 1U);
  EXPECT_EQ(client->goaways().back().error_code, NGHTTP2_NO_ERROR);
  EXPECT_EQ(server->counters().idle_timeouts.value(), 1U);
}

TEST(Connection, IsNotIdleWhileAStreamIsOpen) {
  LimitedConnection busy(Patient(), &Limits::idle_timeout);
  H2Client& client = *busy.client;
  // One that came later to the same loop has been closed for idleness: it was time for both.
  EXPECT_TRUE(ConnectTo(*busy.server)->AwaitClose());
  EXPECT_EQ(busy.server->counters().idle_timeouts.value(), 1U);
  client.Ping();
  EXPECT_TRUE(client.Await([&] { return client.pings_answered() == 1; }));
  EXPECT_TRUE(client.goaways().empty());
  client.Reset(busy.stream, NGHTTP2_CANCEL);
  EXPECT_TRUE(client.AwaitClose());
  EXPECT_EQ(busy.server->counters().idle_timeouts.value(), 2U);
}

TEST(Connection, AgeSendsGoawayTwiceAndServesWhatIsInBetween) {
  Limits limits = Patient();
  limits.max_connection_age = absl::Milliseconds(30);
  limits.shutdown_notice = ByteStream::kPatience;
  EchoApplication application;
  auto server = StartServer(application, limits);
  // By hand, so that the PING after the first GOAWAY is not answered before the request has gone.
  auto stream = ConnectBytesTo(*server);
  stream->Write(H2Hello() + H2Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, ""));
  H2FrameReader reader(*stream);
  auto first = reader.Await(NGHTTP2_GOAWAY);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->payload.substr(0, 4), BigEndian32(0x7fffffff));
  stream->Write(H2Frame(NGHTTP2_HEADERS, 5, 1, std::string("\x83\x86\x84\x01\x01", 5) + "a"));
  auto ping = reader.Await(NGHTTP2_PING);
  ASSERT_TRUE(ping.has_value());
  auto headers = reader.Await(NGHTTP2_HEADERS);
  ASSERT_TRUE(headers.has_value());
  stream->Write(H2Frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, ping->payload));
  auto last = reader.Await(NGHTTP2_GOAWAY);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->payload.substr(0, 4), BigEndian32(1));
  EXPECT_TRUE(stream->AwaitClose());
  EXPECT_EQ(server->counters().age_limits.value(), 1U);
}

TEST(Connection, AgeCutsStreamsAfterTheGrace) {
  Limits limits = Patient();
  limits.max_connection_age_grace = absl::Milliseconds(40);
  LimitedConnection old(limits, &Limits::max_connection_age);
  EXPECT_TRUE(old.client->AwaitClose());
  EXPECT_FALSE(old.client->answer(old.stream).ended);
  EXPECT_EQ(old.client->goaways().size(), 2U + 1U) << "notice, final, and the one before the cut";
  EXPECT_EQ(old.client->goaways().back().error_code, NGHTTP2_NO_ERROR);
  EXPECT_TRUE(old.endless->destroyed.Await());
  EXPECT_EQ(old.server->counters().grace_cuts.value(), 1U);
}

TEST(Connection, ADeadPeerIsFoundByPing) {
  Limits limits = Patient();
  limits.keepalive_interval = absl::Milliseconds(20);
  limits.keepalive_timeout = absl::Milliseconds(20);
  EndlessApplication endless;
  auto server = StartServer(endless.application, limits);
  auto stream = ConnectBytesTo(*server);
  stream->Write(H2Hello());
  H2FrameReader reader(*stream);
  ASSERT_TRUE(reader.Await(NGHTTP2_PING).has_value());
  EXPECT_TRUE(stream->AwaitClose());
  EXPECT_EQ(server->counters().dead_peers.value(), 1U);
}

TEST(Connection, APeerThatAnswersPingsLives) {
  Limits limits = Patient();
  limits.keepalive_interval = absl::Milliseconds(10);
  EndlessApplication endless;
  auto server = StartServer(endless.application, limits);
  auto stream = ConnectBytesTo(*server);
  stream->Write(H2Hello() + H2Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, ""));
  H2FrameReader reader(*stream);
  for (int i = 0; i < 5; ++i) {
    auto ping = reader.Await(NGHTTP2_PING);
    ASSERT_TRUE(ping.has_value());
    stream->Write(H2Frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, ping->payload));
  }
  EXPECT_EQ(server->counters().dead_peers.value(), 0U);
}

// Sends one body of `size`, as soon as a request comes.
ScriptedApplication SendsAtOnce(std::size_t size) {
  return ScriptedApplication([size](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string(size, 'x'));
    stream.SendTrailers(EndTrailers());
    return Script();
  });
}

TEST(Connection, APeerThatTakesNoOutputIsCutOff) {
  Limits limits = Patient();
  limits.max_unread_output = 100000;
  limits.unread_output_timeout = absl::Milliseconds(50);
  auto application = SendsAtOnce(kMiB);
  auto server = StartServer(application, limits);
  auto client = ConnectTo(*server, 65535, /*auto_window_update=*/false);
  client->Request("/", true);
  EXPECT_TRUE(client->AwaitClose());
  EXPECT_EQ(server->counters().unread_output.value(), 1U);
}

TEST(Connection, APeerThatTakesSomeOutputNowAndThenIsNot) {
  Limits limits = Patient();
  limits.max_unread_output = 100000;
  limits.unread_output_timeout = absl::Seconds(5);
  auto application = SendsAtOnce(kMiB);
  auto server = StartServer(application, limits);
  EXPECT_EQ(ConnectTo(*server)->Call("/").body.size(), kMiB);
  EXPECT_EQ(server->counters().unread_output.value(), 0U);
}

TEST(Connection, LittleOutputThatIsNeverTakenEndsTheConnectionToo) {
  Limits limits = Patient();
  limits.unread_output_timeout = absl::Milliseconds(10);
  auto application = SendsAtOnce(1000);
  auto server = StartServer(application, limits);
  auto client = ConnectTo(*server, /*stream_window=*/0);
  client->Request("/", true);
  EXPECT_TRUE(client->AwaitClose());
  EXPECT_EQ(server->counters().unread_output.value(), 1U);
}

TEST(Connection, LittleOutputThatIsTakenAtTheMinimumRateIsFine) {
  constexpr absl::Duration kTurn = absl::Milliseconds(50);
  constexpr int kSlowTurns = 6;  // as many end the connection
  Limits limits = Patient();
  limits.unread_output_timeout = kTurn;
  limits.min_output_rate = 20;  // a byte a turn
  auto application = SendsAtOnce(10);
  auto server = StartServer(application, limits);
  absl::Duration longest;
  const absl::Time start = absl::Now();
  // Not that client's rate where a busy machine kept this thread from a byte for too long: anew.
  do {
    auto client = ConnectTo(*server, /*stream_window=*/1, /*auto_window_update=*/false);
    const std::uint64_t cut_before = server->counters().unread_output.value();
    absl::Time taken_at = absl::Now();
    longest = absl::ZeroDuration();
    const auto note_gap = [&] {
      longest = std::max(longest, absl::Now() - taken_at);
      taken_at = absl::Now();
    };
    std::int32_t stream = client->Request("/", true);
    // Longer in all than an output may stay untaken.
    for (std::size_t taken = 1; taken < 10 && !client->closed(); ++taken) {
      client->Await([&] { return client->answer(stream).body.size() == taken; });
      Pause(*client, kTurn * 6 / 5);
      client->Consume(stream, 1);
      client->Flush();
      note_gap();
    }
    client->AwaitAnswer(stream);
    note_gap();
    if (longest < kTurn * (kSlowTurns - 1)) {
      EXPECT_TRUE(client->answer(stream).closed);
      EXPECT_EQ(server->counters().unread_output.value(), cut_before);
    }
  } while (longest >= kTurn * (kSlowTurns - 1) && absl::Now() - start < ByteStream::kPatience);
  EXPECT_LT(longest, kTurn * (kSlowTurns - 1)) << "the machine is too busy for this test";
}

TEST(Connection, AByteNowAndThenDoesNotKeepAConnectionAlive) {
  for (std::size_t size : {std::size_t{50'000}, kMiB}) {
    Limits limits = Patient();
    limits.unread_output_timeout = absl::Milliseconds(20);
    limits.min_output_rate = 50 * kMiB;  // far more than single bytes, however long a turn takes
    auto application = SendsAtOnce(size);
    auto server = StartServer(application, limits);
    auto client = ConnectTo(*server, /*stream_window=*/1, /*auto_window_update=*/false);
    std::int32_t stream = client->Request("/", true);
    const absl::Time start = absl::Now();
    while (!client->closed() && absl::Now() - start < ByteStream::kPatience) {
      client->Consume(stream, 1);
      Pause(*client, absl::Milliseconds(5));
    }
    EXPECT_TRUE(client->closed()) << size;
    EXPECT_EQ(server->counters().unread_output.value(), 1U);
  }
}

TEST(Connection, BeyondTheBudgetOfAllTheConnectionWithTheLargestQueueIsClosed) {
  Limits limits = Patient();
  limits.max_queued_output_total = 400'000;
  ScriptedApplication application([](Stream& stream, const RequestHead& head) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(std::string(static_cast<std::size_t>(std::stoi(head.path.substr(1))), 'x'));
    return Script();
  });
  auto server = StartServer(application, limits, /*loops=*/2);
  auto small = ConnectTo(*server, /*stream_window=*/0);
  auto large = ConnectTo(*server, /*stream_window=*/0);
  auto last = ConnectTo(*server, /*stream_window=*/0);
  for (const auto& request : {std::pair(&small, "/100000"), std::pair(&large, "/200000")}) {
    H2Client& client = **request.first;
    std::int32_t stream = client.Request(request.second, true);
    ASSERT_TRUE(client.Await([&] { return !client.answer(stream).headers.empty(); }));
    client.Ping();
    ASSERT_TRUE(client.Await([&] { return client.pings_answered() == 1; }));
  }
  last->Request("/150000", true);
  last->Flush();
  EXPECT_TRUE(large->AwaitClose());
  EXPECT_EQ(server->counters().output_budget.value(), 1U);
  for (auto* client : {&small, &last}) {
    (*client)->Ping();
    EXPECT_TRUE((*client)->Await([&] { return (*client)->pings_answered() > 0; }));
  }
}

TEST(Connection, SharedPayloadsCostTheBudgetLittle) {
  Limits limits = Patient();
  limits.max_queued_output_total = 100'000;
  auto shared = std::make_shared<const std::string>(90'000, 'x');
  ScriptedApplication application([&](Stream& stream, const RequestHead&) {
    stream.SendHeaders(OkHeaders());
    stream.SendData(shared);
    return Script();
  });
  auto server = StartServer(application, limits);
  auto client = ConnectTo(*server, /*stream_window=*/0);
  for (int i = 0; i < 10; ++i) {
    std::int32_t stream = client->Request("/", true);
    ASSERT_TRUE(client->Await([&] { return !client->answer(stream).headers.empty(); }));
  }
  EXPECT_EQ(server->counters().output_budget.value(), 0U);
}

TEST(Connection, OutputBeyondTheHardLimitEndsTheConnectionAtOnce) {
  Limits limits = Patient();
  limits.max_queued_output = kMiB;
  limits.unread_output_timeout = absl::Hours(1);  // no slow turn ends it
  auto application = SendsAtOnce(kMiB + 300000);
  auto server = StartServer(application, limits);
  auto client = ConnectTo(*server, 65535, /*auto_window_update=*/false);
  client->Request("/", true);
  EXPECT_TRUE(client->AwaitClose());
  EXPECT_EQ(server->counters().unread_output.value(), 1U);
}

TEST(Connection, ASocketThatNobodyReadsHoldsBackAndThenGoesOn) {
  // The windows are wide open; the socket is what blocks.
  Limits limits = Patient();
  limits.max_queued_output = 16 * kMiB;
  auto application = SendsAtOnce(8 * kMiB);
  auto server = StartServer(application, limits);
  auto client = ConnectTo(*server, 0x7fffffff);
  nghttp2_session_set_local_window_size(client->session(), NGHTTP2_FLAG_NONE, 0, 0x7fffffff);
  std::int32_t stream = client->Request("/", true);
  client->Flush();
  auto other = ConnectTo(*server);
  std::int32_t ping = other->pings_answered();
  other->Ping();
  ASSERT_TRUE(other->Await([&] { return other->pings_answered() > ping; }));
  ASSERT_TRUE(client->AwaitAnswer(stream));
  EXPECT_EQ(client->answer(stream).body.size(), 8 * kMiB);
  EXPECT_EQ(client->answer(stream).Get("x-end"), "1");
}

TEST(Connection, AbruptEndsAtEveryStageCostOnlyThatConnection) {
  EndlessApplication endless;
  auto server = StartServer(endless.application, Patient());
  auto witness = ConnectTo(*server);
  OpenEndless(*witness);
  std::string all = H2Hello() +
                    H2Frame(NGHTTP2_HEADERS, 4, 1, std::string("\x83\x86\x84\x01\x01", 5) + "a") +
                    H2Frame(NGHTTP2_DATA, 0, 1, std::string(100, 'd'));
  int opened = 0;
  for (std::size_t cut = 0; cut <= all.size(); cut += 5) {
    for (bool reset : {false, true}) {
      auto stream = ConnectBytesTo(*server);
      ASSERT_TRUE(stream->Write(std::string_view(all).substr(0, cut)));
      if (reset) {
        stream->Abort();
      } else {
        // In order, so what was sent is seen.
        opened += cut >= 24 + 9 + 9 + 6 ? 1 : 0;
      }
    }
  }
  EXPECT_TRUE(endless.destroyed.Await(opened));
  OpenEndless(*witness);
  EXPECT_TRUE(witness->goaways().empty());
}

TEST(Connection, ACallTakesTheLoopOneTurn) {
  EchoApplication application;
  auto server = StartServer(application);
  auto client = ConnectTo(*server);
  ASSERT_EQ(client->Call("/").Get(":status"), "200");
  const unsigned before = TurnsOf(*server);
  constexpr unsigned kCalls = 100;
  for (unsigned i = 0; i < kCalls; ++i) {
    ASSERT_EQ(client->Call("/").Get(":status"), "200");
  }
  // A client may also send a frame of its own now and then, and the look itself is a turn.
  EXPECT_LT(TurnsOf(*server) - before, kCalls * 3 / 2);
}

}  // namespace
}  // namespace credential_broker::h2
