#include "core/query_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "core/machine_driver.h"

namespace credential_broker {
namespace {

using ::testing::HasSubstr;

class QueryRule : public ::testing::Test {
 protected:
  QueryDecision Ask(const TokenQuery& query) {
    return Decide({"default", machine_.state(), "it failed", std::nullopt, stopping_}, query,
                  machine_.now());
  }

  // A query with five seconds of patience, as the server's default is.
  TokenQuery Patient() {
    TokenQuery query;
    query.give_up_at = machine_.now() + absl::Seconds(5);
    return query;
  }

  bool Waits(const TokenQuery& query) { return !Ask(query).answer.has_value(); }

  // The version that is served; empty where it is not.
  std::string Served(const TokenQuery& query) {
    const QueryDecision decision = Ask(query);
    return decision.answer.has_value() && decision.answer->ok() ? (**decision.answer)->version : "";
  }

  ErrorDetails Error(const TokenQuery& query) {
    const QueryDecision decision = Ask(query);
    EXPECT_TRUE(decision.answer.has_value());
    EXPECT_FALSE(decision.answer.has_value() && decision.answer->ok());
    return decision.answer.has_value() ? DetailsOf(decision.answer->status()).value()
                                       : ErrorDetails{Reason::kInvalidRequest, {}, {}};
  }

  // The login was refused a moment ago with a long pause to come, or a short one.
  void FailLogin(FailureKind kind, std::optional<absl::Duration> retry_after = {}) {
    machine_.set_random(0);
    machine_.Tick();
    machine_.Fail(kind, retry_after);
  }

  MachineDriver machine_;
  bool stopping_ = false;
};

TEST_F(QueryRule, WaitsForTheFirstLogin) {
  EXPECT_TRUE(Waits(Patient()));
  machine_.Tick();
  EXPECT_TRUE(Waits(Patient()));
}

TEST_F(QueryRule, TellsTokenNotReadyWhenPatienceEndsBeforeTheFirstLogin) {
  machine_.Tick();
  TokenQuery query = Patient();
  machine_.Advance(absl::Seconds(5));
  EXPECT_EQ(Error(query).reason, Reason::kTokenNotReady);
  EXPECT_GT(Error(query).retry_after, absl::ZeroDuration());
}

TEST_F(QueryRule, ServesAUsableTokenWhateverTheMachineDoes) {
  machine_.LogIn();
  EXPECT_EQ(Served(Patient()), "v1");
  machine_.SleepOut();
  EXPECT_EQ(Served(Patient()), "v1");
  machine_.Fail(FailureKind::kServerError);
  machine_.Fail(FailureKind::kUnauthorized);
  EXPECT_EQ(machine_.state().phase, RefreshPhase::kHeld);
  EXPECT_EQ(Served(Patient()), "v1");
  stopping_ = true;
  EXPECT_EQ(Served(Patient()), "v1");
}

TEST_F(QueryRule, ServesUntilTheSlackBeforeExpiry) {
  machine_.LogIn();
  machine_.set_now(machine_.now() + absl::Seconds(290) - absl::Nanoseconds(1));
  EXPECT_EQ(Served(Patient()), "v1");
  machine_.set_now(machine_.now() + absl::Nanoseconds(1));
  EXPECT_EQ(Served(Patient()), "");
}

TEST_F(QueryRule, WaitsForARetryThatIsDueInTime) {
  FailLogin(FailureKind::kServerError);
  EXPECT_TRUE(Waits(Patient()));
}

TEST_F(QueryRule, AnswersAtOnceWhereTheRetryComesTooLate) {
  FailLogin(FailureKind::kRateLimited, absl::Seconds(30));
  const ErrorDetails error = Error(Patient());
  EXPECT_EQ(error.reason, Reason::kUpstreamRateLimited);
  EXPECT_EQ(error.retry_after, absl::Seconds(30));
}

TEST_F(QueryRule, RetryDueJustWhenPatienceEndsIsTooLate) {
  FailLogin(FailureKind::kRateLimited, absl::Seconds(5));
  EXPECT_FALSE(Waits(Patient()));
  machine_.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(Waits(Patient()));
}

TEST_F(QueryRule, RefusedKeyHasNoRetryDelay) {
  FailLogin(FailureKind::kUnauthorized);
  const ErrorDetails error = Error(Patient());
  EXPECT_EQ(error.reason, Reason::kCredentialRejected);
  EXPECT_FALSE(error.retry_after.has_value());
  EXPECT_THAT(std::string(Ask(Patient()).answer->status().message()), HasSubstr("it failed"));
}

TEST_F(QueryRule, WaitsForTheLoginWithAChangedKey) {
  FailLogin(FailureKind::kUnauthorized);
  machine_.Feed(KeyChanged{});
  EXPECT_TRUE(Waits(Patient()));
}

TEST_F(QueryRule, WaitsAfterASuspendBeforeTheMachineKnows) {
  machine_.LogIn();
  machine_.set_now(machine_.now() + absl::Hours(9));
  EXPECT_TRUE(Waits(Patient()));
  TokenQuery impatient;
  impatient.give_up_at = machine_.now();
  EXPECT_EQ(Error(impatient).reason, Reason::kUpstreamUnavailable);
  EXPECT_GT(Error(impatient).retry_after, absl::ZeroDuration());
}

TEST_F(QueryRule, StoppingAnswersAtOnce) {
  stopping_ = true;
  EXPECT_EQ(Error(Patient()).reason, Reason::kShuttingDown);
  EXPECT_GT(Error(Patient()).retry_after, absl::ZeroDuration());
}

// rejected_version

TEST_F(QueryRule, RejectedTokenIsWithheldFromWhoRejectsItOnly) {
  machine_.LogIn();
  TokenQuery rejecting = Patient();
  rejecting.rejected_version = "v1";
  const QueryDecision decision = Ask(rejecting);
  EXPECT_FALSE(decision.answer.has_value());
  ASSERT_TRUE(decision.request.has_value());
  machine_.Feed(*decision.request);
  EXPECT_TRUE(Waits(rejecting));
  EXPECT_FALSE(Ask(rejecting).request.has_value());
  EXPECT_EQ(Served(Patient()), "v1");
  machine_.Grant();
  EXPECT_EQ(Served(rejecting), "v2");
}

TEST_F(QueryRule, OldRejectedVersionIsServedTheCurrentToken) {
  machine_.LogIn();
  TokenQuery query = Patient();
  query.rejected_version = "v0";
  EXPECT_EQ(Served(query), "v1");
}

TEST_F(QueryRule, SecondRejectionWithinTenSecondsCoolsDown) {
  machine_.LogIn();
  machine_.Feed(TokenRejected{"v1"});
  machine_.Grant();
  machine_.Advance(absl::Seconds(3));
  TokenQuery query = Patient();
  query.rejected_version = "v2";
  EXPECT_EQ(Error(query).reason, Reason::kRefreshCooldown);
  EXPECT_EQ(Error(query).retry_after, absl::Seconds(7));
  EXPECT_EQ(Served(Patient()), "v2");
  machine_.Advance(absl::Seconds(7));
  query = Patient();
  query.rejected_version = "v2";
  EXPECT_TRUE(Ask(query).request.has_value());
}

TEST_F(QueryRule, CooldownIsNoneWhereAPlannedRefreshComesInTime) {
  machine_.LogIn(absl::Seconds(12));
  machine_.Feed(TokenRejected{"v1"});
  machine_.Grant(absl::Seconds(12));
  machine_.Advance(absl::Seconds(3));  // planned at 6
  TokenQuery query = Patient();
  query.rejected_version = "v2";
  EXPECT_TRUE(Waits(query));
  EXPECT_FALSE(Ask(query).request.has_value());
}

TEST_F(QueryRule, RejectionDuringAnOutageTellsOfTheOutage) {
  machine_.LogIn();
  machine_.Feed(TokenRejected{"v1"});
  machine_.Fail(FailureKind::kServerError);
  machine_.set_random(0);
  machine_.Fail(FailureKind::kRateLimited, absl::Seconds(40));
  TokenQuery query = Patient();
  query.rejected_version = "v1";
  EXPECT_EQ(Error(query).reason, Reason::kUpstreamRateLimited);
  EXPECT_EQ(Error(query).retry_after, absl::Seconds(40));
  EXPECT_EQ(Served(Patient()), "v1");
}

// min_validity

TEST_F(QueryRule, MinValidityIsMetByWhatIsLeft) {
  machine_.LogIn();
  machine_.Advance(absl::Seconds(60));
  TokenQuery query = Patient();
  query.min_validity = absl::Seconds(240);
  EXPECT_EQ(Served(query), "v1");
}

TEST_F(QueryRule, MinValidityIsMetByAnEarlyRefresh) {
  machine_.LogIn();
  machine_.Advance(absl::Seconds(61));
  TokenQuery query = Patient();
  query.min_validity = absl::Seconds(240);
  const QueryDecision decision = Ask(query);
  EXPECT_FALSE(decision.answer.has_value());
  ASSERT_TRUE(decision.request.has_value());
  EXPECT_EQ(machine_.Feed(*decision.request), UpstreamOperation::kRefresh);
  EXPECT_EQ(Served(Patient()), "v1");
  machine_.Grant();
  EXPECT_EQ(Served(query), "v2");
}

TEST_F(QueryRule, MinValidityBeyondItsBoundIsRefusedWithTheBound) {
  machine_.LogIn();
  TokenQuery query = Patient();
  query.min_validity = absl::Seconds(240) + absl::Milliseconds(1);
  const ErrorDetails error = Error(query);
  EXPECT_EQ(error.reason, Reason::kMinValidityTooLong);
  EXPECT_EQ(error.metadata.at("max_min_validity_seconds"), "240");
  EXPECT_FALSE(error.retry_after.has_value());
}

TEST_F(QueryRule, MinValidityThatAnOutagePreventsCostsOnlyWhoAsksForIt) {
  machine_.LogIn();
  machine_.SleepOut();
  machine_.Fail(FailureKind::kServerError);
  machine_.set_random(0);
  machine_.Fail(FailureKind::kUnauthorized);
  TokenQuery query = Patient();
  query.min_validity = absl::Seconds(200);
  EXPECT_EQ(Error(query).reason, Reason::kCredentialRejected);
  EXPECT_EQ(Served(Patient()), "v1");
}

TEST_F(QueryRule, MinValidityOfUnknownLifetimeWaitsForTheFirstToken) {
  TokenQuery query = Patient();
  query.min_validity = absl::Hours(1000);
  EXPECT_TRUE(Waits(query));
}

TEST_F(QueryRule, EarlyRefreshOfAVeryShortTokenWaitsOutItsSecond) {
  machine_.LogIn(absl::Seconds(2));
  machine_.Advance(absl::Seconds(0.5));
  TokenQuery query;
  query.min_validity = absl::Seconds(1.6);
  query.give_up_at = machine_.now() + absl::Seconds(0.2);
  EXPECT_EQ(Error(query).reason, Reason::kRefreshCooldown);
  EXPECT_EQ(Error(query).retry_after, absl::Seconds(0.5));
}

}  // namespace
}  // namespace credential_broker
