#include "upstream/investsuite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/fake_clock.h"
#include "support/test_folder.h"

namespace credential_broker::upstream {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Outcome = HttpResult::Outcome;

constexpr char kGoodAnswer[] =
    R"({"access_token":"acc","refresh_token":"ref","token_type":"Bearer","expires_in":"300"})";

// What the session did with its client, which it owns.
struct Transcript {
  struct Request {
    std::string method;
    std::string url;
    std::string body;
    Delivery delivery;
    std::vector<std::pair<std::string, std::string>> headers;
  };
  std::vector<Request> requests;
  int cancels = 0;
};

// Gives the next of `answers` to each request, after a second.
class FakeClient final : public HttpsClient {
 public:
  FakeClient(Transcript& transcript, FakeClock& clock, std::deque<HttpResult> answers)
      : transcript_(transcript), clock_(clock), answers_(std::move(answers)) {}

  HttpResult Send(const HttpRequest& request) override {
    Transcript::Request seen{
        request.method, request.url, std::string(request.body), request.delivery, {}};
    for (const HttpHeader& header : request.headers) {
      seen.headers.emplace_back(header.name, header.value);
    }
    transcript_.requests.push_back(std::move(seen));
    clock_.Advance(absl::Seconds(1));
    HttpResult answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  void Cancel() override { ++transcript_.cancels; }

 private:
  Transcript& transcript_;
  FakeClock& clock_;
  std::deque<HttpResult> answers_;
};

HttpResult Answer(int status, std::string_view body, Outcome outcome = Outcome::kAnswered) {
  HttpResult answer;
  answer.outcome = outcome;
  answer.status = status;
  answer.body.Append(body);
  return answer;
}

HttpResult Failure(Outcome outcome, int status, const std::string& error) {
  HttpResult answer;
  answer.outcome = outcome;
  answer.status = status;
  answer.error = error;
  return answer;
}

class InvestSuiteTest : public ::testing::Test {
 protected:
  InvestSuiteTest() {
    Write("id", "AK\"1\n");
    Write("secret", "canary\\secret\n");
  }

  std::string Path(const std::string& name) const { return folder_.Path(name); }
  void Write(const std::string& name, const std::string& text) const { folder_.Write(name, text); }

  template <typename... Answers>
  std::unique_ptr<UpstreamSession> Session(Answers... answers) {
    std::deque<HttpResult> queue;
    (queue.push_back(std::move(answers)), ...);
    return MakeInvestSuiteSession(
        base_url_, {.kind = kind_, .id_file = Path("id"), .secret_file = Path("secret")},
        std::make_unique<FakeClient>(transcript_, clock_, std::move(queue)), clock_);
  }

  AttemptFailure FailureOf(AttemptResult result) {
    EXPECT_TRUE(std::holds_alternative<AttemptFailure>(result));
    auto* failure = std::get_if<AttemptFailure>(&result);
    EXPECT_THAT(failure->message, Not(HasSubstr("canary")));
    EXPECT_THAT(failure->request_id, Not(HasSubstr("canary")));
    return std::move(*failure);
  }

  FakeClock clock_;
  Transcript transcript_;
  std::string base_url_ = "https://api.example";
  KeyFiles::Kind kind_ = KeyFiles::Kind::kAccessKey;

 private:
  const TestFolder folder_;
};

TEST_F(InvestSuiteTest, LogsInWithAnAccessKey) {
  const BootTime before = clock_.Now();
  const AttemptResult result = Session(Answer(200, kGoodAnswer))->Login();

  const auto* grant = std::get_if<Grant>(&result);
  ASSERT_NE(grant, nullptr) << std::get<AttemptFailure>(result).message;
  EXPECT_EQ(grant->access_token.Reveal(), "acc");
  EXPECT_EQ(grant->refresh_token.Reveal(), "ref");
  EXPECT_EQ(grant->lifetime, absl::Seconds(300));
  EXPECT_EQ(grant->expires_at, before + absl::Seconds(300));
  ASSERT_EQ(transcript_.requests.size(), 1U);
  const Transcript::Request& request = transcript_.requests[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://api.example/auth/login/");
  EXPECT_EQ(request.body, R"({"access_key_id":"AK\"1","secret_access_key":"canary\\secret"})");
  EXPECT_EQ(request.delivery, Delivery::kAtMostOnce);
  EXPECT_THAT(request.headers, ::testing::Contains(std::pair<std::string, std::string>(
                                   "content-type", "application/json")));
}

TEST_F(InvestSuiteTest, LogsInWithUserNameAndPassword) {
  kind_ = KeyFiles::Kind::kPassword;
  Session(Answer(200, kGoodAnswer))->Login();
  EXPECT_EQ(transcript_.requests[0].body, R"({"username":"AK\"1","password":"canary\\secret"})");
}

TEST_F(InvestSuiteTest, RefreshesWithTheTokenAlone) {
  base_url_ = "https://api.example/v1/";
  const AttemptResult result =
      Session(Answer(200, kGoodAnswer))->Refresh(Secret("canary\"refresh"));
  EXPECT_TRUE(std::holds_alternative<Grant>(result));
  EXPECT_EQ(transcript_.requests[0].url, "https://api.example/v1/auth/refresh-token/");
  EXPECT_EQ(transcript_.requests[0].body, R"({"refresh_token":"canary\"refresh"})");
  EXPECT_EQ(transcript_.requests[0].delivery, Delivery::kAtMostOnce);
}

TEST_F(InvestSuiteTest, ReadsItsKeyFilesAtEveryLogin) {
  const auto session = Session(Answer(401, ""), Answer(200, kGoodAnswer));
  session->Login();
  Write("secret", "next");
  session->Login();
  EXPECT_THAT(transcript_.requests[1].body, HasSubstr(R"("next")"));
}

TEST_F(InvestSuiteTest, SendsNothingWithoutAKey) {
  std::filesystem::remove(Path("secret"));
  const AttemptFailure failure = FailureOf(Session()->Login());
  EXPECT_EQ(failure.kind, FailureKind::kNoKey);
  EXPECT_THAT(failure.message, HasSubstr(Path("secret")));
  EXPECT_TRUE(transcript_.requests.empty());
}

TEST_F(InvestSuiteTest, ARefusedKeyNamesItsFiles) {
  const AttemptFailure failure =
      FailureOf(Session(Answer(401, R"({"title":"canary","request_id":"req-1"})"))->Login());
  EXPECT_EQ(failure.kind, FailureKind::kUnauthorized);
  EXPECT_EQ(failure.http_status, 401);
  EXPECT_EQ(failure.request_id, "req-1");
  EXPECT_THAT(failure.message, AllOf(HasSubstr("POST /auth/login/"), HasSubstr(Path("id")),
                                     HasSubstr(Path("secret"))));
}

TEST_F(InvestSuiteTest, ATransportFailureKeepsItsKind) {
  const AttemptFailure not_sent =
      FailureOf(Session(Failure(Outcome::kNotSent, 0, "no route"))->Refresh(Secret("r")));
  EXPECT_EQ(not_sent.kind, FailureKind::kNotSent);
  EXPECT_THAT(not_sent.message,
              AllOf(HasSubstr("POST /auth/refresh-token/"), HasSubstr("no route")));

  const AttemptFailure ambiguous =
      FailureOf(Session(Failure(Outcome::kAmbiguous, 200, "reset"))->Refresh(Secret("r")));
  EXPECT_EQ(ambiguous.kind, FailureKind::kAmbiguous);
  EXPECT_EQ(ambiguous.http_status, 200);
}

TEST_F(InvestSuiteTest, ARefusalIsOneEvenIfItsBodyBrokeOff) {
  EXPECT_EQ(FailureOf(Session(Failure(Outcome::kAmbiguous, 401, "reset"))->Login()).kind,
            FailureKind::kUnauthorized);
  EXPECT_EQ(FailureOf(Session(Failure(Outcome::kAmbiguous, 503, "reset"))->Login()).kind,
            FailureKind::kServerError);
}

TEST_F(InvestSuiteTest, AnUnusableAnswerIsAmbiguous) {
  for (const char* body : {"", "canary", R"({"access_token":"canary"})", "[]"}) {
    const AttemptFailure failure = FailureOf(Session(Answer(200, body))->Refresh(Secret("r")));
    EXPECT_EQ(failure.kind, FailureKind::kAmbiguous);
    EXPECT_EQ(failure.http_status, 200);
    EXPECT_THAT(failure.message, HasSubstr("unusable answer"));
  }
}

TEST_F(InvestSuiteTest, ARedirectSaysWhatToMend) {
  const AttemptFailure failure = FailureOf(Session(Answer(301, ""))->Login());
  EXPECT_EQ(failure.kind, FailureKind::kAmbiguous);
  EXPECT_THAT(failure.message, HasSubstr("base_url"));
}

TEST_F(InvestSuiteTest, AnEchoOfTheSecretIsNoRequestId) {
  EXPECT_EQ(FailureOf(Session(Answer(401, R"({"request_id":"canary-refresh"})"))
                          ->Refresh(Secret("canary-refresh")))
                .request_id,
            "");
}

TEST_F(InvestSuiteTest, PassesRetryAfterOn) {
  HttpResult answer = Answer(429, "");
  answer.retry_after = "17";
  EXPECT_EQ(FailureOf(Session(std::move(answer))->Login()).retry_after, absl::Seconds(17));
}

TEST_F(InvestSuiteTest, CancelEndsLaterCallsWithoutReadingKeys) {
  const auto session = Session(Failure(Outcome::kCancelled, 0, "cancelled"));
  session->Cancel();
  EXPECT_EQ(transcript_.cancels, 1);
  std::filesystem::remove(Path("secret"));
  EXPECT_EQ(FailureOf(session->Login()).kind, FailureKind::kCancelled);
  EXPECT_EQ(FailureOf(session->Refresh(Secret("r"))).kind, FailureKind::kCancelled);
}

}  // namespace
}  // namespace credential_broker::upstream
