#include "sandbox/desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace credential_broker::sandbox {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using Json = nlohmann::json;

class DeskTest : public ::testing::Test {
 protected:
  Outcome Answer(Operation operation, std::string body, std::string authorization = "") {
    Request request;
    request.body = std::move(body);
    request.authorization = std::move(authorization);
    return desk_.Answer(operation, request, now_);
  }
  Outcome Login() {
    return Answer(Operation::kLogin, R"({"access_key_id":"id","secret_access_key":"secret"})");
  }
  Outcome Refresh(const Outcome& granted) {
    return Answer(Operation::kRefresh,
                  Json({{"refresh_token", Field(granted, "refresh_token")}}).dump());
  }
  static std::string Field(const Outcome& granted, const char* name) {
    return Json::parse(granted.reply.body)[name].get<std::string>();
  }

  Desk desk_{SandboxKeys{"id", "secret", "name", "password"}, Faults()};
  Instant now_{BootTime::FromSinceBoot(absl::Hours(1)), absl::FromUnixSeconds(1700000000)};
};

TEST_F(DeskTest, LogsInByEitherPair) {
  for (const char* body : {R"({"access_key_id":"id","secret_access_key":"secret"})",
                           R"({"username":"name","password":"password"})"}) {
    const Outcome outcome = Answer(Operation::kLogin, body);
    EXPECT_EQ(outcome.name, "granted") << body;
    EXPECT_EQ(outcome.reply.status, 200);
    EXPECT_THAT(outcome.counted, ElementsAre(Counter::kLogins));
    EXPECT_EQ(outcome.refresh_token, Field(outcome, "refresh_token"));
  }
}

TEST_F(DeskTest, RefusesAWrongKeyAsInvestSuiteDoes) {
  for (const char* body : {R"({"access_key_id":"id","secret_access_key":"wrong"})",
                           R"({"access_key_id":"name","secret_access_key":"password"})",
                           R"({"username":"id","password":"secret"})"}) {
    const Outcome outcome = Answer(Operation::kLogin, body);
    EXPECT_EQ(outcome.reply.status, 401) << body;
    EXPECT_THAT(outcome.counted, ElementsAre(Counter::kRejectedLogins));
    const Json error = Json::parse(outcome.reply.body);
    for (const char* field : {"title", "description", "request_id", "timestamp"}) {
      EXPECT_TRUE(error[field].is_string()) << field;
    }
  }
}

TEST_F(DeskTest, AnEmptyPairIsNotAccepted) {
  desk_.keys().username.clear();
  desk_.keys().password.clear();
  EXPECT_EQ(Answer(Operation::kLogin, R"({"username":"","password":""})").reply.status, 401);
}

TEST_F(DeskTest, SaysWhichFieldIsWrong) {
  const Outcome outcome = Answer(Operation::kLogin, R"({"access_key_id":3})");
  EXPECT_EQ(outcome.reply.status, 422);
  const Json error = Json::parse(outcome.reply.body);
  EXPECT_EQ(error["status"], 422);
  ASSERT_EQ(error["detail"].size(), 2U);
  EXPECT_EQ(error["detail"][0]["loc"].dump(), R"(["body","access_key_id"])");
  EXPECT_EQ(error["detail"][0]["type"], "type_error.str");
  EXPECT_EQ(error["detail"][1]["loc"].dump(), R"(["body","secret_access_key"])");
  EXPECT_EQ(error["detail"][1]["msg"], "field required");
}

TEST_F(DeskTest, RefusesWhatIsNoJsonObject) {
  for (const char* body : {"", "[]", "{", "\"x\"", "\xff\xfe"}) {
    EXPECT_EQ(Answer(Operation::kLogin, body).reply.status, 400) << body;
    EXPECT_EQ(Answer(Operation::kRefresh, body).reply.status, 400) << body;
  }
  EXPECT_EQ(Answer(Operation::kRefresh, "{}").reply.status, 422);
}

TEST_F(DeskTest, ServesUsersToAGoodTokenOnly) {
  const std::string token = Field(Login(), "access_token");
  EXPECT_EQ(Answer(Operation::kUsers, "", "Bearer " + token).reply.status, 200);
  for (const std::string& bad : {std::string(), token, "Basic " + token, "Bearer x" + token}) {
    EXPECT_EQ(Answer(Operation::kUsers, "", bad).reply.status, 403) << bad;
  }
  desk_.faults().unauthenticated_status = 401;
  EXPECT_EQ(Answer(Operation::kUsers, "").reply.status, 401);
}

TEST_F(DeskTest, ARefreshTokenWorksOnce) {
  const Outcome login = Login();
  EXPECT_EQ(Refresh(login).reply.status, 200);
  const Outcome again = Refresh(login);
  EXPECT_EQ(again.reply.status, 401);
  EXPECT_THAT(again.counted, ElementsAre(Counter::kRejectedRefreshes));
  desk_.faults().refused_refresh_status = 400;
  EXPECT_EQ(Refresh(login).reply.status, 400);
}

TEST_F(DeskTest, AForcedStatusComesInPlaceOfActing) {
  desk_.faults().login.status = 503;
  const Outcome outcome = Login();
  EXPECT_EQ(outcome.reply.status, 503);
  EXPECT_EQ(outcome.name, "forced");
  EXPECT_THAT(outcome.counted, ElementsAre(Counter::kForced));
  EXPECT_THAT(outcome.refresh_token, IsEmpty());
}

TEST_F(DeskTest, AForcedStatusMayComeAfterActing) {
  const Outcome login = Login();
  desk_.faults().refresh.status = 500;
  desk_.faults().act_before_status = true;
  EXPECT_THAT(Refresh(login).counted, ElementsAre(Counter::kRefreshes, Counter::kForced));
  desk_.faults().refresh.status = 0;
  EXPECT_EQ(Refresh(login).reply.status, 401);
}

TEST_F(DeskTest, AStatusIsForcedSoManyTimesAndTheSwitchGoesOff) {
  desk_.faults().login.status = 503;
  desk_.faults().login.status_count.left = 2;
  EXPECT_EQ(Login().reply.status, 503);
  EXPECT_EQ(Login().reply.status, 503);
  EXPECT_EQ(Login().reply.status, 200);
  EXPECT_EQ(desk_.faults().login.status, 0);
  EXPECT_EQ(desk_.faults().login.status_count.left, Count::kAlways);
}

TEST_F(DeskTest, AForcedRedirectSaysWhereTo) {
  desk_.faults().login.status = 302;
  EXPECT_THAT(Login().reply.headers, Contains(Pair("Location", "/redirected/")));
}

TEST_F(DeskTest, AForced422HasDetails) {
  desk_.faults().login.status = 422;
  EXPECT_TRUE(Json::parse(Login().reply.body)["detail"].is_array());
}

TEST_F(DeskTest, RetryAfterComesInEachForm) {
  desk_.faults().login.status = 429;
  EXPECT_THAT(Login().reply.headers, IsEmpty());
  desk_.faults().retry_after = absl::Seconds(7);
  EXPECT_THAT(Login().reply.headers, Contains(Pair("Retry-After", "7")));
  desk_.faults().retry_after_form = RetryAfterForm::kHttpDate;
  EXPECT_THAT(Login().reply.headers,
              Contains(Pair("Retry-After", "Tue, 14 Nov 2023 22:13:27 GMT")));
  desk_.faults().retry_after_form = RetryAfterForm::kGarbage;
  EXPECT_THAT(Login().reply.headers, Contains(Pair("Retry-After", "in a while")));
}

TEST_F(DeskTest, ALostAnswerWasActedOnAndGivesNothingOut) {
  const Outcome login = Login();
  desk_.faults().refresh.lose.left = 1;
  const Outcome lost = Refresh(login);
  EXPECT_EQ(lost.reply.delivery, Delivery::kLost);
  EXPECT_THAT(lost.counted, ElementsAre(Counter::kRefreshes, Counter::kLost));
  EXPECT_THAT(lost.refresh_token, IsEmpty());
  EXPECT_EQ(Refresh(login).reply.status, 401);
}

TEST_F(DeskTest, ASpoiltBodyWasActedOnAndGivesNothingOut) {
  desk_.faults().login.body = BodyKind::kHtml;
  desk_.faults().login.body_count.left = 1;
  const Outcome spoilt = Login();
  EXPECT_EQ(spoilt.name, "garbled");
  EXPECT_THAT(spoilt.counted, ElementsAre(Counter::kLogins, Counter::kGarbled));
  EXPECT_THAT(spoilt.refresh_token, IsEmpty());
  EXPECT_EQ(Login().name, "granted");
}

TEST_F(DeskTest, SeesARefreshTokenThatIsSpentTwice) {
  Request request;
  request.body = R"({"refresh_token":"a"})";
  EXPECT_FALSE(desk_.NoteArrival(Operation::kRefresh, request));
  EXPECT_TRUE(desk_.NoteArrival(Operation::kRefresh, request));
  EXPECT_FALSE(desk_.NoteArrival(Operation::kLogin, request));
}

}  // namespace
}  // namespace credential_broker::sandbox
