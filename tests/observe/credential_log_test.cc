#include "observe/credential_log.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "observe/fake_log.h"

namespace credential_broker::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(CredentialLog, TellsOfATokenByItsVersionOnly) {
  FakeLog log;
  Token token;
  token.value = Secret("c4n4ry");
  token.token_type = "Bearer";
  token.version = "01HV";
  token.lifetime = absl::Seconds(300);
  token.expire_time = absl::FromUnixSeconds(1767323345);
  token.refresh_time = absl::FromUnixSeconds(1767323195);
  CredentialLog(log.logger()).OnTokenObtained("default", "login", token, absl::Milliseconds(87));
  EXPECT_EQ(log.Only(), R"("level":"info","event":"token_obtained","credential":"default",)"
                        R"("operation":"login","version":"01HV","lifetime_seconds":300,)"
                        R"("expire_time":"2026-01-02T03:09:05.000Z",)"
                        R"("refresh_time":"2026-01-02T03:06:35.000Z","took_seconds":0.087})");
  EXPECT_THAT(log.Only(), Not(HasSubstr("c4n4ry")));
}

AttemptFailure Failure(FailureKind kind) {
  AttemptFailure failure;
  failure.kind = kind;
  failure.message = "login answered 401";
  return failure;
}

TEST(CredentialLog, TellsOfAFailureWithWhatIsKnown) {
  FakeLog log;
  AttemptFailure failure = Failure(FailureKind::kUnauthorized);
  failure.http_status = 401;
  failure.request_id = "req-1";
  CredentialLog(log.logger())
      .OnUpstreamFailed("default", "refresh", failure, absl::Milliseconds(12), absl::Seconds(60));
  EXPECT_EQ(log.Only(),
            R"("level":"error","event":"upstream_failed","credential":"default",)"
            R"("operation":"refresh","kind":"unauthorized","reason":"login answered 401",)"
            R"("http_status":401,"request_id":"req-1","took_seconds":0.012,)"
            R"("retry_in_seconds":60})");
}

TEST(CredentialLog, LeavesOutWhatNoAnswerCouldTell) {
  FakeLog log;
  CredentialLog(log.logger())
      .OnUpstreamFailed("default", "login", Failure(FailureKind::kNotSent), absl::ZeroDuration(),
                        absl::Seconds(1));
  EXPECT_EQ(log.Only(), R"("level":"warn","event":"upstream_failed","credential":"default",)"
                        R"("operation":"login","kind":"not_sent","reason":"login answered 401",)"
                        R"("took_seconds":0,"retry_in_seconds":1})");
}

TEST(CredentialLog, NamesEveryKindOfFailure) {
  const std::pair<FailureKind, std::string> table[] = {
      {FailureKind::kNotSent, "not_sent"},
      {FailureKind::kAmbiguous, "ambiguous"},
      {FailureKind::kServerError, "server_error"},
      {FailureKind::kRateLimited, "rate_limited"},
      {FailureKind::kUnauthorized, "unauthorized"},
      {FailureKind::kClientError, "client_error"},
      {FailureKind::kNoKey, "no_key"},
  };
  for (const auto& [kind, name] : table) {
    FakeLog log;
    CredentialLog(log.logger())
        .OnUpstreamFailed("c", "login", Failure(kind), absl::ZeroDuration(), absl::ZeroDuration());
    EXPECT_THAT(log.Only(), HasSubstr("\"kind\":\"" + name + "\""));
  }
}

TEST(CredentialLog, IsSilentOfACancelledCall) {
  FakeLog log({LogLevel::kDebug, LogFormat::kJson});
  CredentialLog(log.logger())
      .OnUpstreamFailed("c", "login", Failure(FailureKind::kCancelled), absl::ZeroDuration(),
                        absl::ZeroDuration());
  EXPECT_TRUE(log.Lines().empty());
}

TEST(CredentialLog, TellsStatesAsLoudAsTheyAre) {
  const std::pair<CredentialState, std::string> table[] = {
      {CredentialState::kPending, "info"},   {CredentialState::kReady, "info"},
      {CredentialState::kDegraded, "warn"},  {CredentialState::kUnavailable, "warn"},
      {CredentialState::kRejected, "error"},
  };
  for (const auto& [state, level] : table) {
    FakeLog log;
    CredentialLog(log.logger()).OnStateChanged("default", state);
    EXPECT_EQ(log.Only(), "\"level\":\"" + level +
                              R"(","event":"credential_state","credential":"default","state":")" +
                              std::string(CredentialStateName(state)) + "\"}");
  }
}

}  // namespace
}  // namespace credential_broker::observe
