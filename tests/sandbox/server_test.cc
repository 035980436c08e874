#include "sandbox/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "server_fixture.h"
#include "support/ipv6.h"

namespace credential_broker::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;
using Json = nlohmann::json;

using SandboxServerTest = ServerFixture;

TEST_F(SandboxServerTest, WalksTheThreeStepsOfThePagesOverVerifiedTls) {
  const HttpsAnswer login = Login();
  ASSERT_EQ(login.code, CURLE_OK);
  EXPECT_EQ(login.status, 200);
  EXPECT_EQ(login.headers.at("content-type"), "application/json");
  EXPECT_THAT(login.headers.at("date"),
              MatchesRegex("[A-Z][a-z]+, [0-9]+ [A-Za-z]+ [0-9]+ [0-9:]+ GMT"));
  EXPECT_EQ(Field(login, "token_type"), "Bearer");
  EXPECT_EQ(Field(login, "expires_in"), "300");
  const HttpsAnswer refresh = Refresh(login);
  EXPECT_EQ(refresh.status, 200);
  EXPECT_EQ(client_->Get("/users/", Field(refresh, "access_token")).status, 200);
  EXPECT_EQ(client_->Get("/users/", Field(login, "access_token")).status, 403);
  EXPECT_EQ(client_->Get("/users/").status, 403);
  EXPECT_EQ(server_->Get(Counter::kConnections), 1);
}

TEST_F(SandboxServerTest, IsNotTrustedByAnotherCa) {
  const auto other = SandboxServer::Start(SandboxOptions(), SystemClock());
  ASSERT_TRUE(other.ok());
  HttpsClient stranger(server_->base_url(), (*other)->ca_pem());
  EXPECT_EQ(stranger.Get("/users/").code, CURLE_PEER_FAILED_VERIFICATION);
  EXPECT_TRUE(server_->WaitFor(Counter::kHandshakeFailures, 1));
}

TEST_F(SandboxServerTest, IsReachedByNameToo) {
  const std::string port = server_->address().substr(server_->address().rfind(':'));
  HttpsClient by_name("https://localhost" + port, server_->ca_pem());
  EXPECT_EQ(by_name.Get("/users/").status, 403);
}

TEST(SandboxServer, ListensOnAllAddressesAndOnV6) {
  for (const std::string address : {"0.0.0.0:0", "localhost:0", "[::]:0", "[::1]:0"}) {
    SandboxOptions options;
    options.address = address;
    const auto server = SandboxServer::Start(options, SystemClock());
    if (address == "[::1]:0" && !HasIpv6Loopback()) {
      EXPECT_THAT(server.status().ToString(), HasSubstr("[::1]:0"));
      continue;
    }
    ASSERT_TRUE(server.ok()) << server.status();
    if (address == "[::]:0" && !HasIpv6Loopback()) {
      EXPECT_THAT((*server)->base_url(), StartsWith("https://[::1]:"));
      continue;
    }
    HttpsClient client((*server)->base_url(), (*server)->ca_pem());
    EXPECT_EQ(client.Get("/users/").status, 403) << (*server)->base_url();
  }
}

TEST_F(SandboxServerTest, SaysThatItsPortIsTaken) {
  SandboxOptions options;
  options.address = server_->address();
  const auto second = SandboxServer::Start(options, SystemClock());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(SandboxServerTest, APortIsFreeAgainAfterStop) {
  SandboxOptions options;
  options.address = server_->address();
  ASSERT_EQ(Login().status, 200);
  server_->Stop();
  EXPECT_EQ(Login().code, CURLE_COULDNT_CONNECT);
  EXPECT_TRUE(SandboxServer::Start(options, SystemClock()).ok());
}

TEST_F(SandboxServerTest, TakesAndGivesFaults) {
  const HttpsAnswer set =
      client_->Send("PUT", "/sandbox/faults", R"({"lifetime":9,"login_status":503})");
  EXPECT_EQ(set.status, 200);
  EXPECT_EQ(Json::parse(set.body)["lifetime"], 9);
  EXPECT_EQ(Login().status, 503);
  EXPECT_EQ(Json::parse(client_->Get("/sandbox/faults").body)["login_status"], 503);
  EXPECT_EQ(client_->Send("DELETE", "/sandbox/faults", "").status, 200);
  EXPECT_EQ(Field(Login(), "expires_in"), "300");
}

TEST_F(SandboxServerTest, NamesAFaultThatItDoesNotKnow) {
  const HttpsAnswer unknown =
      client_->Send("PUT", "/sandbox/faults", R"({"login_satus":503,"delay":1})");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_THAT(Field(unknown, "error"), HasSubstr("login_satus"));
  EXPECT_THAT(Field(unknown, "error"), HasSubstr("login_status"));
  const HttpsAnswer mistyped = client_->Send("PUT", "/sandbox/faults", R"({"lifetime":true})");
  EXPECT_EQ(mistyped.status, 422);
  EXPECT_THAT(Field(mistyped, "error"), HasSubstr("lifetime"));
  EXPECT_EQ(client_->Send("PUT", "/sandbox/faults", "nonsense").status, 422);
  EXPECT_EQ(Login().status, 200);
}

TEST_F(SandboxServerTest, GivesItsStats) {
  Refresh(Login());
  const Json stats = Json::parse(client_->Get("/sandbox/stats").body);
  EXPECT_EQ(stats["logins"], 1);
  EXPECT_EQ(stats["refreshes"], 1);
  EXPECT_EQ(stats["in_flight"], 0);
  ASSERT_EQ(stats["log"].size(), 2U);
  EXPECT_EQ(stats["log"][0]["operation"], "login");
  EXPECT_EQ(stats["log"][1]["operation"], "refresh");
  EXPECT_EQ(stats["log"][1]["outcome"], "granted");
}

TEST_F(SandboxServerTest, WaitsForACounter) {
  const auto waiter = NewClient();
  auto waiting = std::async(std::launch::async,
                            [&] { return waiter->Get("/sandbox/wait?logins=2&timeout=30s"); });
  Login();
  Login();
  const HttpsAnswer answer = waiting.get();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Json::parse(answer.body)["logins"], 2);
}

TEST_F(SandboxServerTest, AWaitThatFailsSaysSo) {
  EXPECT_EQ(client_->Get("/sandbox/wait?logins=1&timeout=1ms").status, 408);
  const HttpsAnswer unknown = client_->Get("/sandbox/wait?login=1");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_THAT(Field(unknown, "error"), HasSubstr("\"logins\""));
  EXPECT_EQ(client_->Get("/sandbox/wait?logins=x").status, 422);
  EXPECT_EQ(client_->Get("/sandbox/wait?timeout=x").status, 422);
}

TEST_F(SandboxServerTest, ReplacesItsKeys) {
  EXPECT_EQ(client_->Post("/sandbox/keys", R"({"secret_access_key":"new"})").status, 200);
  EXPECT_EQ(Login().status, 401);
  EXPECT_EQ(client_
                ->Post("/auth/login/", R"({"access_key_id":"sandbox-access-key-id",
                                              "secret_access_key":"new"})")
                .status,
            200);
  const HttpsAnswer unknown = client_->Post("/sandbox/keys", R"({"secret_acces_key":"new"})");
  EXPECT_EQ(unknown.status, 422);
  EXPECT_THAT(Field(unknown, "error"), HasSubstr("\"secret_access_key\""));
  EXPECT_EQ(client_->Post("/sandbox/keys", R"({"username":3})").status, 422);
}

TEST_F(SandboxServerTest, RevokesEverySession) {
  const HttpsAnswer login = Login();
  EXPECT_EQ(client_->Post("/sandbox/revoke", "").status, 200);
  EXPECT_EQ(client_->Get("/users/", Field(login, "access_token")).status, 403);
  EXPECT_EQ(Refresh(login).status, 401);
}

TEST_F(SandboxServerTest, TellsWhatItCanBeAskedFor) {
  const HttpsAnswer answer = client_->Get("/sandbox/help");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(Field(answer, "error"), HasSubstr("/sandbox/faults"));
}

TEST_F(SandboxServerTest, ServesManyCallersAtOnce) {
  constexpr int kCallers = 32;
  std::vector<std::future<long>> callers;
  callers.reserve(kCallers);
  for (int i = 0; i < kCallers; ++i) {
    callers.push_back(std::async(std::launch::async, [client = NewClient()] {
      return client->Post("/auth/login/", kGoodLogin).status;
    }));
  }
  for (auto& caller : callers) {
    EXPECT_EQ(caller.get(), 200);
  }
  EXPECT_EQ(server_->Get(Counter::kLogins), kCallers);
}

}  // namespace
}  // namespace credential_broker::sandbox
