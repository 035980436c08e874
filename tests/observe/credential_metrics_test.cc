#include "observe/credential_metrics.h"

#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "base/strings.h"
#include "core/token.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/fake_clock.h"

namespace credential_broker::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AttemptFailure Failure(FailureKind kind, const std::string& message) {
  AttemptFailure failure;
  failure.kind = kind;
  failure.message = message;
  return failure;
}

class CredentialMetricsTest : public ::testing::Test {
 protected:
  // Of the credentials with these names.
  std::string Text(const std::vector<std::string>& names = {"a", "b"}) const {
    std::vector<CredentialStatus> credentials;
    for (const std::string& name : names) {
      credentials.emplace_back().name = name;
    }
    MetricWriter writer;
    metrics_.Write(credentials, writer);
    return std::move(writer).Take();
  }
  void Fail(const std::string& credential, FailureKind kind, const std::string& message = "m") {
    metrics_.OnUpstreamFailed(credential, "login", Failure(kind, message), absl::Seconds(2),
                              absl::Seconds(1));
  }

  FakeClock clock_;
  CredentialMetrics metrics_{clock_};
};

TEST_F(CredentialMetricsTest, CountsAttemptsByHowTheyEnded) {
  metrics_.OnTokenObtained("a", "refresh", Token(), absl::Milliseconds(30));
  Fail("a", FailureKind::kServerError);
  Fail("a", FailureKind::kServerError);
  const std::string text = Text();
  const std::string total = "credential_broker_upstream_requests_total{credential=\"a\",operation=";
  EXPECT_THAT(text, HasSubstr(total + "\"refresh\",result=\"ok\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(total + "\"login\",result=\"server_error\"} 2\n"));
  const std::string took = "credential_broker_upstream_request_duration_seconds_bucket{operation=";
  EXPECT_THAT(text, HasSubstr(took + "\"refresh\",result=\"ok\",le=\"0.025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr(took + "\"refresh\",result=\"ok\",le=\"0.05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(took + "\"login\",result=\"server_error\",le=\"2.5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(took + "\"login\",result=\"ok\",le=\"+Inf\"} 0\n"))
      << "a failure that is quick must not look like a fast response";
}

TEST_F(CredentialMetricsTest, WritesEveryResultFromTheStart) {
  const std::string text = Text({"new"});
  for (const char* operation : {"login", "refresh"}) {
    for (const char* result : {"ok", "not_sent", "ambiguous", "server_error", "rate_limited",
                               "unauthorized", "client_error", "no_key"}) {
      const std::string labels = StrCat("operation=\"", operation, "\",result=\"", result, "\"");
      EXPECT_THAT(text,
                  HasSubstr(StrCat("credential_broker_upstream_requests_total{credential=\"new\",",
                                   labels, "} 0\n")));
      EXPECT_THAT(text,
                  HasSubstr(StrCat("credential_broker_upstream_request_duration_seconds_count{",
                                   labels, "} 0\n")));
    }
  }
  EXPECT_THAT(text, Not(HasSubstr("cancelled")));
}

TEST_F(CredentialMetricsTest, WritesNothingOfACredentialThatIsNotInForce) {
  Fail("a", FailureKind::kServerError);
  EXPECT_THAT(Text({"b"}), Not(HasSubstr("credential=\"a\"")));
}

TEST_F(CredentialMetricsTest, TakesTheEndOfTheBrokerForNoFailure) {
  const std::string before = Text();
  Fail("a", FailureKind::kCancelled);
  EXPECT_EQ(Text(), before);
  EXPECT_TRUE(metrics_.HistoryOf("a").failures.empty());
}

TEST_F(CredentialMetricsTest, RemembersTheLatestOnly) {
  for (std::size_t i = 0; i < 2 * CredentialMetrics::kMostDurations; ++i) {
    Fail("a", FailureKind::kServerError, std::to_string(i));
  }
  const UpstreamHistory history = metrics_.HistoryOf("a");
  EXPECT_EQ(history.took.size(), CredentialMetrics::kMostDurations);
  ASSERT_EQ(history.failures.size(), CredentialMetrics::kMostFailures);
  EXPECT_EQ(history.failures.back().message, "127");
  EXPECT_EQ(history.failures.back().kind, "server_error");
  EXPECT_EQ(history.failures.back().operation, "login");
  EXPECT_EQ(history.failures.back().time, clock_.WallNow());
}

TEST_F(CredentialMetricsTest, ForgetsARemovedCredential) {
  Fail("a", FailureKind::kServerError);
  Fail("b", FailureKind::kServerError);
  metrics_.OnRemoved("a");
  metrics_.OnRemoved("never-there");
  const std::string total = "credential_broker_upstream_requests_total{credential=";
  const std::string failed = ",operation=\"login\",result=\"server_error\"} ";
  EXPECT_THAT(Text(), HasSubstr(total + "\"a\"" + failed + "0\n"))
      << "one that is added again under the name starts anew";
  EXPECT_THAT(Text(), HasSubstr(total + "\"b\"" + failed + "1\n"));
  EXPECT_TRUE(metrics_.HistoryOf("a").failures.empty());
}

TEST(WriteCredentialStates, WritesOneStateAndTheTimesThatAreThere) {
  CredentialStatus ready;
  ready.name = "a";
  ready.state = CredentialState::kReady;
  ready.expire_time = absl::FromUnixMillis(1767323045678);
  ready.next_refresh_time = absl::FromUnixSeconds(1767323000);
  CredentialStatus pending;
  pending.name = "b";
  MetricWriter writer;
  WriteCredentialStates({ready, pending}, writer);
  const std::string text = std::move(writer).Take();
  const std::string state = "credential_broker_credential_state{credential=";
  EXPECT_THAT(text, HasSubstr(state + "\"a\",state=\"ready\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(state + "\"a\",state=\"pending\"} 0\n"));
  EXPECT_THAT(text, HasSubstr(state + "\"b\",state=\"pending\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("_token_expiration_timestamp_seconds{credential=\"a\"} "
                              "1767323045.678\n"));
  EXPECT_THAT(text, HasSubstr("_token_refresh_timestamp_seconds{credential=\"a\"} 1767323000\n"));
  EXPECT_THAT(text, Not(HasSubstr("timestamp_seconds{credential=\"b\"}")));
}

}  // namespace
}  // namespace credential_broker::observe
