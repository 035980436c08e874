// Faults as a caller sees them: over TLS, by libcurl.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server_fixture.h"

namespace credential_broker::sandbox {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

// A reset that comes while the caller still connects, or when it has begun its handshake.
auto IsNotSent() { return AnyOf(CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR); }

class SandboxFaultTest : public ServerFixture {
 protected:
  static std::future<HttpsAnswer> LoginAside(std::unique_ptr<HttpsClient> client) {
    return std::async(std::launch::async, [client = std::move(client)] {
      return client->Post("/auth/login/", kGoodLogin);
    });
  }
};

TEST_F(SandboxFaultTest, ALostAnswerIsAConnectionThatEnds) {
  Set("lose_login", "1");
  EXPECT_THAT(Login().code, AnyOf(CURLE_GOT_NOTHING, CURLE_RECV_ERROR));
  EXPECT_EQ(server_->Get(Counter::kLogins), 1);
  EXPECT_EQ(server_->Get(Counter::kLost), 1);
  EXPECT_EQ(Login().status, 200);
}

TEST_F(SandboxFaultTest, ACutAnswerIsShorterThanItSays) {
  Set("login_body", "cut");
  const HttpsAnswer cut = Login();
  EXPECT_THAT(cut.code, AnyOf(CURLE_PARTIAL_FILE, CURLE_RECV_ERROR));
  EXPECT_EQ(cut.status, 200);
  EXPECT_LT(cut.body.size(), std::stoul(cut.headers.at("content-length")));
}

TEST_F(SandboxFaultTest, AForcedStatusComesSoManyTimesWithItsRetryAfter) {
  ASSERT_EQ(client_
                ->Send("PUT", "/sandbox/faults",
                       R"({"login_status":429,"login_status_count":2,"retry_after":7})")
                .status,
            200);
  const HttpsAnswer limited = Login();
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.headers.at("retry-after"), "7");
  EXPECT_EQ(Login().status, 429);
  EXPECT_EQ(Login().status, 200);
}

TEST_F(SandboxFaultTest, ARedirectIsSeenWhenItIsFollowed) {
  Set("login_status", "302");
  const HttpsAnswer redirect = Login();
  EXPECT_EQ(redirect.status, 302);
  EXPECT_EQ(server_->Get(Counter::kRedirected), 0);
  EXPECT_EQ(client_->Get(redirect.headers.at("location")).status, 404);
  EXPECT_EQ(server_->Get(Counter::kRedirected), 1);
}

TEST_F(SandboxFaultTest, EveryGarbageArrivesAsItIs) {
  for (const FaultFlag& flag : FaultFlags()) {
    if (flag.name != "login_body") {
      continue;
    }
    for (const std::string& kind : flag.choices) {
      Set("login_body", kind);
      const HttpsAnswer answer = Login();
      EXPECT_EQ(answer.status, 200) << kind;
      EXPECT_EQ(answer.code == CURLE_OK, kind != "cut") << kind;
    }
  }
  Set("login_body", "empty");
  EXPECT_THAT(Login().body, IsEmpty());
  Set("login_body", "html");
  EXPECT_THAT(Login().headers.at("content-type"), HasSubstr("text/html"));
  Set("login_body", "huge");
  EXPECT_GT(Login().body.size(), 64U * 1024);
}

TEST_F(SandboxFaultTest, ADelayComesBeforeTheAnswer) {
  Set("login_delay", "60ms");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(Login().status, 200);
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(60));
}

TEST_F(SandboxFaultTest, ADelayComesAfterActing) {
  Set("delay", "30s");
  std::unique_ptr<HttpsClient> client = NewClient();
  HttpsClient& caller = *client;
  std::future<HttpsAnswer> waiting = LoginAside(std::move(client));
  ASSERT_TRUE(server_->WaitFor(Counter::kLogins, 1));
  caller.Leave();
  EXPECT_NE(waiting.get().code, CURLE_OK);
}

TEST_F(SandboxFaultTest, AHangingCallDoesNotHoldUpOthersAndIsReleased) {
  Set("hang_login", "1");
  std::future<HttpsAnswer> hanging = LoginAside(NewClient());
  ASSERT_TRUE(server_->WaitFor(Counter::kHanging, 1));
  EXPECT_EQ(client_->Get("/sandbox/stats").status, 200);
  EXPECT_EQ(Login().status, 200);
  EXPECT_EQ(client_->Send("PUT", "/sandbox/faults", R"({"hang_login":false})").status, 200);
  EXPECT_EQ(hanging.get().status, 200);
}

TEST_F(SandboxFaultTest, SeesThatTheCallerOfAHangingCallLeft) {
  Set("hang_login", "always");
  std::unique_ptr<HttpsClient> client = NewClient();
  HttpsClient& caller = *client;
  std::future<HttpsAnswer> hanging = LoginAside(std::move(client));
  ASSERT_TRUE(server_->WaitFor(Counter::kHanging, 1));
  caller.Leave();
  EXPECT_TRUE(server_->WaitFor(Counter::kHungUp, 1));
  EXPECT_NE(hanging.get().code, CURLE_OK);
  EXPECT_EQ(server_->Get(Counter::kLogins), 0);
}

TEST_F(SandboxFaultTest, StopsWhateverHangs) {
  Set("hang_login", "always");
  std::vector<std::future<HttpsAnswer>> hanging;
  hanging.reserve(20);
  for (int i = 0; i < 20; ++i) {
    hanging.push_back(LoginAside(NewClient()));
  }
  ASSERT_EQ(client_->Get("/sandbox/stats").status, 200);  // kept alive, idle
  ASSERT_TRUE(server_->WaitFor(Counter::kHanging, 20));
  auto waiting = std::async(std::launch::async, [client = NewClient()] {
    return client->Get("/sandbox/wait?logins=1&timeout=300s");
  });
  const auto began = std::chrono::steady_clock::now();
  server_->Stop();
  // All of these would hold it for minutes.
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::minutes(1));
  for (auto& each : hanging) {
    EXPECT_NE(each.get().code, CURLE_OK);
  }
  waiting.get();
}

TEST_F(SandboxFaultTest, ARefusedConnectionFailsBeforeAnythingIsSent) {
  Set("refuse_connections", "2");
  EXPECT_THAT(Login().code, IsNotSent());
  EXPECT_THAT(Login().code, IsNotSent());
  EXPECT_EQ(Login().status, 200);
  EXPECT_EQ(server_->Get(Counter::kLoginRequests), 1);
  EXPECT_EQ(server_->Get(Counter::kRefusedConnections), 2);
}

TEST_F(SandboxFaultTest, WhoRefusesConnectionsLetsGoOfIdleOnes) {
  ASSERT_EQ(Login().status, 200);
  Set("refuse_connections", "always");
  EXPECT_THAT(Login().code, IsNotSent());
  EXPECT_EQ(server_->Get(Counter::kLoginRequests), 1);
  // The new connection alone: nothing came on the old one.
  EXPECT_EQ(server_->Get(Counter::kRefusedConnections), 1);
}

TEST_F(SandboxFaultTest, WhoDirectsTheSandboxKeepsItsConnection) {
  ASSERT_EQ(client_->Send("PUT", "/sandbox/faults", R"({"refuse_connections":true})").status, 200);
  EXPECT_THAT(NewClient()->Post("/auth/login/", kGoodLogin).code, IsNotSent());
  EXPECT_EQ(client_->Send("PUT", "/sandbox/faults", R"({"refuse_connections":0})").status, 200);
  EXPECT_EQ(NewClient()->Post("/auth/login/", kGoodLogin).status, 200);
}

TEST_F(SandboxFaultTest, AnswersDrip) {
  Set("drip", "10s");
  client_->set_timeout(absl::Milliseconds(100));
  EXPECT_EQ(Login().code, CURLE_OPERATION_TIMEDOUT);
  Set("drip", "1us");
  client_->set_timeout(absl::Seconds(30));
  EXPECT_EQ(Login().status, 200);
}

TEST_F(SandboxFaultTest, OneRequestAConnection) {
  Set("keep_alive", "false");
  const HttpsAnswer first = Login();
  EXPECT_EQ(first.headers.at("connection"), "close");
  Login();
  EXPECT_EQ(server_->Get(Counter::kConnections), 2);
}

TEST_F(SandboxFaultTest, WhatIsNoHttpIsRefused) {
  EXPECT_EQ(client_->Send("NO BLANKS", "/users/", "").status, 400);
  EXPECT_EQ(client_->Post("/auth/login/", std::string(70000, 'x')).status, 413);
  EXPECT_EQ(client_->Get("/" + std::string(20000, 'x')).status, 431);
  EXPECT_EQ(Login().status, 200);
}

}  // namespace
}  // namespace credential_broker::sandbox
