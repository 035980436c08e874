#include "sandbox/stand_in.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "support/fake_clock.h"

namespace credential_broker::sandbox {
namespace {

using ::testing::Contains;
using ::testing::Pair;
using Json = nlohmann::json;

constexpr absl::Duration kLong = absl::Seconds(30);  // only a test that fails waits for so long

class FakeCaller : public Caller {
 public:
  bool Gone() const override { return gone; }
  std::atomic<bool> gone = false;
};

Request LoginRequest() {
  Request request;
  request.method = "POST";
  request.path = "/auth/login/";
  request.body = R"({"access_key_id":"id","secret_access_key":"secret"})";
  return request;
}

Request RefreshRequest(const Reply& granted) {
  Request request;
  request.method = "POST";
  request.path = "/auth/refresh-token/";
  request.body = Json({{"refresh_token", Json::parse(granted.body)["refresh_token"]}}).dump();
  return request;
}

Request UsersRequest(const Reply& granted) {
  Request request;
  request.method = "GET";
  request.path = "/users/";
  request.authorization = "Bearer " + Json::parse(granted.body)["access_token"].get<std::string>();
  return request;
}

class StandInTest : public ::testing::Test {
 protected:
  Reply Handle(const Request& request) { return stand_in_.Handle(request, caller_); }
  std::future<Reply> HandleAside(const Request& request) {
    return std::async(std::launch::async, [this, request] { return Handle(request); });
  }
  bool Reached(Counter counter, std::int64_t value) {
    return stand_in_.WaitFor({{counter, value}}, kLong, FakeCaller());
  }
  void Set(std::string_view name, std::string_view value) {
    const absl::Status status = stand_in_.Set(name, value);
    ASSERT_TRUE(status.ok()) << status;
  }

  FakeClock clock_;
  FakeCaller caller_;
  StandIn stand_in_{clock_, SandboxKeys{"id", "secret", "", ""}, Faults()};
};

TEST_F(StandInTest, WalksTheThreeStepsOfThePages) {
  const Reply login = Handle(LoginRequest());
  EXPECT_EQ(login.status, 200);
  const Reply refresh = Handle(RefreshRequest(login));
  EXPECT_EQ(refresh.status, 200);
  EXPECT_EQ(Handle(UsersRequest(refresh)).status, 200);
  EXPECT_EQ(Handle(UsersRequest(login)).status, 403);
  EXPECT_EQ(stand_in_.Get(Counter::kLogins), 1);
  EXPECT_EQ(stand_in_.Get(Counter::kRefreshes), 1);
  EXPECT_EQ(stand_in_.Get(Counter::kUsers), 1);
  EXPECT_EQ(stand_in_.Get(Counter::kRejectedUsers), 1);
  EXPECT_EQ(stand_in_.Get(Counter::kRefreshReuses), 0);
  EXPECT_EQ(stand_in_.Get(Counter::kInFlight), 0);
  EXPECT_EQ(stand_in_.Get(Counter::kMaxAuthInFlight), 1);
}

TEST_F(StandInTest, PathsEndInASlash) {
  for (const char* path : {"/auth/login", "/users", "/", "/users/1", "/users//"}) {
    Request request;
    request.method = "GET";
    request.path = path;
    EXPECT_EQ(Handle(request).status, 404) << path;
  }
}

TEST_F(StandInTest, SaysWhichMethodAPathTakes) {
  Request request = LoginRequest();
  request.method = "GET";
  const Reply reply = Handle(request);
  EXPECT_EQ(reply.status, 405);
  EXPECT_THAT(reply.headers, Contains(Pair("Allow", "POST")));
}

TEST_F(StandInTest, ATokenExpiresByTheGivenClockWhateverTheWallClockDoes) {
  const Reply login = Handle(LoginRequest());
  clock_.JumpWall(absl::Hours(1));
  EXPECT_EQ(Handle(UsersRequest(login)).status, 200);
  clock_.Advance(absl::Seconds(300));
  EXPECT_EQ(Handle(UsersRequest(login)).status, 403);
}

TEST_F(StandInTest, SkewMovesWhatIsSaidAndNotWhatCounts) {
  Set("clock_skew", "-2h");
  Set("expiry", "instant_number");
  const Reply login = Handle(LoginRequest());
  EXPECT_EQ(Json::parse(login.body)["expires_at"],
            absl::ToUnixSeconds(clock_.WallNow() - absl::Hours(2) + absl::Seconds(300)));
  Reply reply;
  stand_in_.Stamp(reply);
  EXPECT_THAT(reply.headers, Contains(Pair("Date", HttpDate(clock_.WallNow() - absl::Hours(2)))));
  EXPECT_EQ(Handle(UsersRequest(login)).status, 200);
}

TEST_F(StandInTest, DateMayBeMissingOrGarbage) {
  Set("date_header", "missing");
  Reply missing;
  stand_in_.Stamp(missing);
  EXPECT_TRUE(missing.headers.empty());
  Set("date_header", "garbage");
  Reply garbage;
  stand_in_.Stamp(garbage);
  EXPECT_THAT(garbage.headers, Contains(Pair("Date", "some day")));
}

TEST_F(StandInTest, ARefreshTokenThatIsSentAgainAfterALostAnswerIsCounted) {
  const Reply login = Handle(LoginRequest());
  Set("lose_refresh", "1");
  EXPECT_EQ(Handle(RefreshRequest(login)).delivery, Delivery::kLost);
  EXPECT_EQ(stand_in_.Get(Counter::kRefreshReuses), 0);
  Handle(RefreshRequest(login));
  EXPECT_EQ(stand_in_.Get(Counter::kRefreshReuses), 1);
}

TEST_F(StandInTest, ARefreshTokenThatIsSentAgainAfterAForcedStatusIsCounted) {
  const Reply login = Handle(LoginRequest());
  Set("refresh_status", "503");
  Handle(RefreshRequest(login));
  Handle(RefreshRequest(login));
  EXPECT_EQ(stand_in_.Get(Counter::kRefreshReuses), 1);
}

TEST_F(StandInTest, ARefreshTokenThatIsNotRotatedMayBeUsedEachTimeItIsGivenOut) {
  Set("rotate_refresh_token", "false");
  Reply granted = Handle(LoginRequest());
  granted = Handle(RefreshRequest(granted));
  granted = Handle(RefreshRequest(granted));
  EXPECT_EQ(granted.status, 200);
  EXPECT_EQ(stand_in_.Get(Counter::kRefreshReuses), 0);
}

TEST_F(StandInTest, AHangingRequestGoesOnWhenItIsReleased) {
  Set("hang_login", "1");
  std::future<Reply> login = HandleAside(LoginRequest());
  ASSERT_TRUE(Reached(Counter::kHanging, 1));
  EXPECT_EQ(stand_in_.Get(Counter::kLogins), 0);
  Set("lifetime", "20");
  EXPECT_EQ(stand_in_.Get(Counter::kHanging), 1);
  Set("hang_login", "0");
  EXPECT_EQ(login.get().status, 200);
  EXPECT_EQ(stand_in_.Get(Counter::kLogins), 1);
  EXPECT_EQ(stand_in_.Get(Counter::kHanging), 0);
}

TEST_F(StandInTest, OtherRequestsGoOnBesideOneThatHangs) {
  Set("hang_login", "1");
  std::future<Reply> first = HandleAside(LoginRequest());
  ASSERT_TRUE(Reached(Counter::kHanging, 1));
  EXPECT_EQ(Handle(LoginRequest()).status, 200);
  EXPECT_EQ(stand_in_.Get(Counter::kMaxAuthInFlight), 2);
  stand_in_.ResetFaults();
  EXPECT_EQ(first.get().status, 200);
}

TEST_F(StandInTest, AHangingRequestWhoseCallerLeavesIsNotActedOn) {
  Set("hang_login", "always");
  std::future<Reply> login = HandleAside(LoginRequest());
  ASSERT_TRUE(Reached(Counter::kHanging, 1));
  caller_.gone = true;
  EXPECT_EQ(login.get().delivery, Delivery::kLost);
  EXPECT_EQ(stand_in_.Get(Counter::kHungUp), 1);
  EXPECT_EQ(stand_in_.Get(Counter::kLogins), 0);
}

TEST_F(StandInTest, StopEndsWhatHangsAndWhatWaits) {
  Set("hang_login", "always");
  std::future<Reply> login = HandleAside(LoginRequest());
  ASSERT_TRUE(Reached(Counter::kHanging, 1));
  auto waiting = std::async(std::launch::async, [this] { return Reached(Counter::kLogins, 1); });
  stand_in_.Stop();
  EXPECT_EQ(login.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  caller_.gone = true;  // a Stop that failed does not hang the test
  EXPECT_EQ(login.get().delivery, Delivery::kLost);
  EXPECT_FALSE(waiting.get());
}

TEST_F(StandInTest, StopEndsADelay) {
  Set("login_delay", "30s");
  std::future<Reply> login = HandleAside(LoginRequest());
  ASSERT_TRUE(Reached(Counter::kLogins, 1));
  stand_in_.Stop();
  EXPECT_EQ(login.wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST_F(StandInTest, WaitsForEveryGoal) {
  auto waiting = std::async(std::launch::async, [this] {
    return stand_in_.WaitFor({{Counter::kLogins, 1}, {Counter::kUsers, 1}}, kLong, FakeCaller());
  });
  Handle(UsersRequest(Handle(LoginRequest())));
  EXPECT_TRUE(waiting.get());
}

TEST_F(StandInTest, AWaitEndsInTimeAndWithItsCaller) {
  EXPECT_FALSE(stand_in_.WaitFor({{Counter::kLogins, 1}}, absl::ZeroDuration(), FakeCaller()));
  caller_.gone = true;
  EXPECT_FALSE(stand_in_.WaitFor({{Counter::kLogins, 1}}, kLong, caller_));
}

TEST_F(StandInTest, RefusesSoManyConnections) {
  Set("refuse_connections", "2");
  EXPECT_TRUE(stand_in_.Refuses());
  EXPECT_FALSE(stand_in_.AdmitConnection());
  EXPECT_FALSE(stand_in_.AdmitConnection());
  EXPECT_TRUE(stand_in_.AdmitConnection());
  EXPECT_FALSE(stand_in_.Refuses());
  EXPECT_EQ(stand_in_.Get(Counter::kRefusedConnections), 2);
}

TEST_F(StandInTest, RefusesConnectionsForSoLong) {
  Set("refuse-for", "100s");
  EXPECT_FALSE(stand_in_.AdmitConnection());
  clock_.Advance(absl::Seconds(99));
  EXPECT_FALSE(stand_in_.AdmitConnection());
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(stand_in_.AdmitConnection());
}

TEST_F(StandInTest, RefusesRequestsOfOpenConnectionsLikewise) {
  Set("refuse_connections", "always");
  EXPECT_EQ(Handle(LoginRequest()).delivery, Delivery::kLost);
  EXPECT_EQ(stand_in_.Get(Counter::kLoginRequests), 0);
}

TEST_F(StandInTest, ReplacedKeysCountFromThenOn) {
  stand_in_.ReplaceKeys({"id", "another", "", ""});
  EXPECT_EQ(Handle(LoginRequest()).status, 401);
  stand_in_.ReplaceKeys({"id", "secret", "", ""});
  EXPECT_EQ(Handle(LoginRequest()).status, 200);
}

TEST_F(StandInTest, FaultsGoBackToThoseOfTheStart) {
  Faults faults;
  faults.lifetime = absl::Seconds(2);
  StandIn stand_in(clock_, SandboxKeys(), faults);
  ASSERT_TRUE(stand_in.Update(R"({"lifetime":9,"login_status":503})").ok());
  stand_in.ResetFaults();
  EXPECT_EQ(stand_in.CurrentFaults().lifetime, absl::Seconds(2));
  EXPECT_EQ(stand_in.CurrentFaults().login.status, 0);
}

}  // namespace
}  // namespace credential_broker::sandbox
