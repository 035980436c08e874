#include "upstream/error_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace credential_broker::upstream {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Time kNow = absl::UnixEpoch();

HttpResult ErrorAnswer(int status, std::string_view body = "") {
  HttpResult answer;
  answer.outcome = HttpResult::Outcome::kAnswered;
  answer.status = status;
  answer.body.Append(body);
  return answer;
}

TEST(ErrorAnswer, MapsEachStatus) {
  const std::pair<int, FailureKind> kinds[] = {
      {400, FailureKind::kClientError},  {401, FailureKind::kUnauthorized},
      {403, FailureKind::kUnauthorized}, {404, FailureKind::kClientError},
      {408, FailureKind::kClientError},  {422, FailureKind::kClientError},
      {429, FailureKind::kRateLimited},  {499, FailureKind::kClientError},
      {500, FailureKind::kServerError},  {503, FailureKind::kServerError},
      {599, FailureKind::kServerError},  {301, FailureKind::kAmbiguous},
      {600, FailureKind::kAmbiguous},    {999, FailureKind::kAmbiguous}};
  for (const auto& [status, kind] : kinds) {
    const AttemptFailure failure = ReadErrorAnswer(ErrorAnswer(status), kNow);
    EXPECT_EQ(failure.kind, kind) << status;
    EXPECT_EQ(failure.http_status, status);
    EXPECT_THAT(failure.message, HasSubstr(std::to_string(status)));
    EXPECT_FALSE(failure.retry_after.has_value());
  }
}

TEST(ErrorAnswer, ReadsRetryAfterByTheServersDate) {
  HttpResult answer = ErrorAnswer(429);
  answer.retry_after = "30";
  EXPECT_EQ(ReadErrorAnswer(answer, kNow).retry_after, absl::Seconds(30));

  answer.retry_after = "Sun, 06 Nov 1994 08:49:37 GMT";
  answer.date = "Sun, 06 Nov 1994 08:49:00 GMT";
  EXPECT_EQ(ReadErrorAnswer(answer, kNow).retry_after, absl::Seconds(37));

  answer.date = "";
  const absl::Time wall = absl::FromUnixSeconds(784'111'777 - 5);
  EXPECT_EQ(ReadErrorAnswer(answer, wall).retry_after, absl::Seconds(5));
}

TEST(ErrorAnswer, KeepsAPlainRequestId) {
  EXPECT_EQ(ReadErrorAnswer(ErrorAnswer(401, R"({"request_id":"8f14e45f-ceea-4670:a_b.1"})"), kNow)
                .request_id,
            "8f14e45f-ceea-4670:a_b.1");
}

TEST(ErrorAnswer, DropsAnyOtherRequestId) {
  for (const std::string& body :
       {std::string(), std::string("<html>"), std::string(R"({"request_id":5})"),
        std::string(R"({"request_id":"a b"})"), std::string(R"({"request_id":"a\nb"})"),
        std::string(R"({"request_id":"é"})"), std::string(R"({"request_id":"a\u0000"})"),
        std::string(R"({"error":{"request_id":"a"}})"),
        R"({"request_id":")" + std::string(65, 'a') + R"("})"}) {
    EXPECT_EQ(ReadErrorAnswer(ErrorAnswer(401, body), kNow).request_id, "") << body;
  }
}

TEST(ErrorAnswer, QuotesNothingElseOfTheBody) {
  const AttemptFailure failure = ReadErrorAnswer(
      ErrorAnswer(422, R"({"title":"canary","description":"canary","request_id":"id",
                      "detail":[{"loc":["canary"],"msg":"canary","type":"canary"}]})"),
      kNow);
  EXPECT_EQ(failure.request_id, "id");
  EXPECT_THAT(failure.message, Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace credential_broker::upstream
