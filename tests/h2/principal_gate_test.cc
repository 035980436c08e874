#include "h2/principal_gate.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "h2/test_application.h"

namespace credential_broker::h2 {
namespace {

Peer Named(std::string_view name) {
  Peer peer;
  peer.address = "192.0.2.1:1";
  peer.dns_sans = {std::string(name)};
  return peer;
}

class PrincipalGateTest : public testing::Test {
 protected:
  PrincipalGateTest() {
    limits_.max_connections_per_principal = 2;
    limits_.max_streams_per_principal = 10;
    gate_.emplace(
        limits_, [](const Peer& peer) { return peer.dns_sans.at(0); }, counters_);
  }

  Limits limits_;
  Counters counters_;
  std::optional<PrincipalGate> gate_;
};

TEST_F(PrincipalGateTest, RefusesAndCountsConnectionsBeyondTheLimitOfTheirPrincipal) {
  PrincipalShare first;
  auto second = std::make_unique<PrincipalShare>();
  PrincipalShare third;
  EXPECT_TRUE(gate_->Admit(Named("a"), first));
  EXPECT_TRUE(gate_->Admit(Named("a"), *second));
  EXPECT_FALSE(gate_->Admit(Named("a"), third));
  EXPECT_EQ(counters_.refused_per_principal.value(), 1U);
  EXPECT_EQ(counters_.refused_per_principal.last_peer(), "192.0.2.1:1");
  PrincipalShare other;
  EXPECT_TRUE(gate_->Admit(Named("b"), other));
  second.reset();
  EXPECT_TRUE(gate_->Admit(Named("a"), third));
}

TEST_F(PrincipalGateTest, StreamsOfAllConnectionsOfAPrincipalCountTogether) {
  PrincipalShare one;
  auto two = std::make_unique<PrincipalShare>();
  PrincipalShare other;
  gate_->Admit(Named("a"), one);
  gate_->Admit(Named("a"), *two);
  gate_->Admit(Named("b"), other);
  one.SetStreams(6);
  two->SetStreams(3);
  EXPECT_FALSE(one.streams_exhausted());
  two->SetStreams(4);
  EXPECT_TRUE(one.streams_exhausted());
  EXPECT_TRUE(two->streams_exhausted());
  EXPECT_FALSE(other.streams_exhausted());
  one.SetStreams(5);
  EXPECT_FALSE(two->streams_exhausted());
  one.SetStreams(6);
  two.reset();
  EXPECT_FALSE(one.streams_exhausted());
}

TEST_F(PrincipalGateTest, ConnectionsWithoutAPrincipalAreNotLimited) {
  for (int i = 0; i < 5; ++i) {
    PrincipalShare share;
    EXPECT_TRUE(gate_->Admit(Named(""), share));
    share.SetStreams(1000);
    EXPECT_FALSE(share.streams_exhausted());
  }
}

// Over real connections: all are of one principal.
ServerOptions OnePrincipal(Limits limits) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.loops = 2;
  options.limits = limits;
  options.principal_of = [](const Peer&) { return "a"; };
  return options;
}

TEST(PrincipalLimits, AConnectionTooManyGetsGoawayAndTheNextAfterOneHasClosedIsServed) {
  Limits limits;
  limits.max_connections_per_principal = 1;
  EchoApplication application;
  auto server = Server::Start(OnePrincipal(limits), application);
  ASSERT_TRUE(server.ok());
  auto first = ConnectTo(**server);
  EXPECT_EQ(first->Call("/").Get(":status"), "200");
  {
    auto second = ConnectTo(**server);
    EXPECT_TRUE(second->AwaitClose());
    ASSERT_EQ(second->goaways().size(), 1U);
    EXPECT_EQ(second->goaways()[0].error_code, NGHTTP2_ENHANCE_YOUR_CALM);
  }
  EXPECT_EQ((*server)->counters().refused_per_principal.value(), 1U);
  EXPECT_EQ(first->Call("/").Get(":status"), "200");
  first.reset();
  // Its place is free once the broker has seen the end of it.
  bool served = false;
  for (int attempt = 0; attempt < 1000 && !served; ++attempt) {
    auto next = ConnectTo(**server);
    served = next->Call("/").Get(":status") == "200";
  }
  EXPECT_TRUE(served);
}

TEST(PrincipalLimits, AnApplicationSeesThatThePrincipalHasAllItsStreamsOpen) {
  Limits limits;
  limits.max_streams_per_principal = 3;
  ScriptedApplication application([](Stream& stream, const RequestHead& head) {
    if (stream.principal_is_full()) {
      stream.SendHeadersOnly(std::vector<HeaderView>{{":status", "429"}});
    } else if (head.path == "/endless") {
      stream.SendHeaders(OkHeaders());
    } else {
      stream.SendHeadersOnly(OkHeaders());
    }
    return Script();
  });
  auto server = Server::Start(OnePrincipal(limits), application);
  ASSERT_TRUE(server.ok());
  auto first = ConnectTo(**server);
  auto second = ConnectTo(**server);
  std::vector<std::int32_t> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(first->Request("/endless", true));
    ASSERT_TRUE(first->Await([&] { return !first->answer(open.back()).headers.empty(); }));
  }
  EXPECT_EQ(first->Call("/").Get(":status"), "429");
  EXPECT_EQ(second->Call("/").Get(":status"), "429");
  // nghttp2 sends a PING before what else is queued.
  first->Reset(open[0], NGHTTP2_CANCEL);
  first->Flush();
  // A stream is given back soon after its last bytes have been sent, and before its connection is
  // read again.
  const auto await_stream_is_given_back = [](H2Client& client) {
    const int before = client.pings_answered();
    client.Ping();
    ASSERT_TRUE(client.Await([&] { return client.pings_answered() > before; }));
  };
  await_stream_is_given_back(*first);
  await_stream_is_given_back(*second);
  EXPECT_EQ(first->Call("/").Get(":status"), "200");
  await_stream_is_given_back(*first);
  EXPECT_EQ(second->Call("/").Get(":status"), "200");
}

// Refuses requests of a principal that has all its streams open; streams that it accepts stay open.
ScriptedApplication Endless() {
  return ScriptedApplication([](Stream& stream, const RequestHead&) {
    if (stream.principal_is_full()) {
      stream.SendHeadersOnly(std::vector<HeaderView>{{":status", "429"}});
    } else {
      stream.SendHeaders(OkHeaders());
    }
    return Script();
  });
}

TEST(PrincipalLimits, CountsStreamsThatConnectionsOpenInOneBatch) {
  constexpr int kMax = 10;
  Limits limits;
  limits.max_streams_per_principal = kMax;
  ScriptedApplication application = Endless();
  ServerOptions options = OnePrincipal(limits);
  options.loops = 1;
  auto server = Server::Start(std::move(options), application);
  ASSERT_TRUE(server.ok());
  std::vector<std::unique_ptr<H2Client>> clients;
  for (int i = 0; i < 3 * kMax; ++i) {
    clients.push_back(ConnectTo(**server));
    clients.back()->Ping();
    ASSERT_TRUE(clients.back()->Await([&] { return clients.back()->pings_answered() == 1; }));
  }
  Signal stopped;
  Signal all_sent;
  (*server)->loops().front()->Post([&] {
    stopped.Notify();
    all_sent.Await();
  });
  ASSERT_TRUE(stopped.Await());
  for (const auto& client : clients) {
    client->Request("/", true);
    client->Flush();
  }
  all_sent.Notify();
  int open = 0;
  for (const auto& client : clients) {
    ASSERT_TRUE(client->Await([&] { return !client->answer(1).headers.empty(); }));
    open += client->answer(1).Get(":status") == "200" ? 1 : 0;
  }
  EXPECT_EQ(open, kMax);
}

TEST(PrincipalLimits, AStreamCountsOnceMoreForEachKilobyteOfItsHeaders) {
  Limits limits;
  limits.max_streams_per_principal = 10;
  ScriptedApplication application = Endless();
  auto server = Server::Start(OnePrincipal(limits), application);
  ASSERT_TRUE(server.ok());
  auto client = ConnectTo(**server);
  const std::vector<H2Field> large = {{"x-large", std::string(4000, 'x')}};
  for (const std::string_view status : {"200", "200", "429"}) {
    const std::int32_t stream = client->Request("/", true, large);
    ASSERT_TRUE(client->Await([&] { return !client->answer(stream).headers.empty(); }));
    EXPECT_EQ(client->answer(stream).Get(":status"), status);
  }
}

TEST(PrincipalLimits, AConnectionTakesNoPlaceBeforeItsPreface) {
  Limits limits;
  limits.max_connections_per_principal = 1;
  EchoApplication application;
  auto server = Server::Start(OnePrincipal(limits), application);
  ASSERT_TRUE(server.ok());
  const auto silent = ConnectBytesTo(**server);
  const auto half = ConnectBytesTo(**server);
  half->Write(kH2Preface.substr(0, 10));
  EXPECT_EQ(ConnectTo(**server)->Call("/").Get(":status"), "200");
  EXPECT_EQ((*server)->counters().refused_per_principal.value(), 0U);
}

}  // namespace
}  // namespace credential_broker::h2
