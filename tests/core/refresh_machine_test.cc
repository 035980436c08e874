#include "core/refresh_machine.h"

#include <gtest/gtest.h>

#include <optional>

#include "core/machine_driver.h"

namespace credential_broker {
namespace {

constexpr auto kLogin = std::make_optional(UpstreamOperation::kLogin);
constexpr auto kRefresh = std::make_optional(UpstreamOperation::kRefresh);
constexpr std::optional<UpstreamOperation> kNothing;

constexpr FailureKind kAllFailures[] = {FailureKind::kNotSent,      FailureKind::kAmbiguous,
                                        FailureKind::kServerError,  FailureKind::kRateLimited,
                                        FailureKind::kUnauthorized, FailureKind::kClientError,
                                        FailureKind::kNoKey,        FailureKind::kCancelled};

TEST(RefreshMachine, BeginsWithALogin) {
  MachineDriver machine;
  EXPECT_EQ(machine.Tick(), kLogin);
  EXPECT_EQ(machine.state().phase, RefreshPhase::kLogin);
}

TEST(RefreshMachine, StartsNothingWhileAnAttemptIsInFlight) {
  MachineDriver machine;
  machine.Tick();
  EXPECT_EQ(machine.Tick(), kNothing);
  EXPECT_EQ(machine.Feed(KeyChanged{}), kNothing);
  EXPECT_EQ(machine.Feed(TokenRejected{"v1"}), kNothing);
  EXPECT_EQ(machine.Feed(ValidityWanted{absl::Seconds(1)}), kNothing);
  EXPECT_EQ(machine.Advance(absl::Hours(10)), kNothing);
  EXPECT_EQ(machine.Pause(), absl::InfiniteDuration());
}

TEST(RefreshMachine, IgnoresResultsOfNoAttempt) {
  MachineDriver machine;
  machine.LogIn();
  const TokenPtr token = machine.state().token;
  EXPECT_EQ(machine.Fail(FailureKind::kUnauthorized), kNothing);
  EXPECT_EQ(machine.Grant(), kNothing);
  EXPECT_EQ(machine.state().phase, RefreshPhase::kFresh);
  EXPECT_EQ(machine.state().token, token);
}

// FRESH

TEST(RefreshMachineFresh, RefreshesAtTheFractionOfTheLifetime) {
  MachineDriver machine;
  machine.LogIn();
  EXPECT_EQ(machine.state().phase, RefreshPhase::kFresh);
  EXPECT_EQ(machine.Pause(), absl::Seconds(150));
  EXPECT_EQ(machine.Advance(absl::Seconds(149)), kNothing);
  EXPECT_EQ(machine.Advance(absl::Seconds(1)), kRefresh);
  EXPECT_EQ(machine.state().phase, RefreshPhase::kRefreshing);
}

TEST(RefreshMachineFresh, JittersTheRefreshByTenPercent) {
  for (auto [random, expected] : {std::pair(0.0, 135.0), {0.25, 142.5}, {0.999999999, 165.0}}) {
    MachineDriver machine;
    machine.set_random(random);
    machine.LogIn();
    EXPECT_NEAR(absl::ToDoubleSeconds(machine.Pause()), expected, 1e-3);
  }
}

TEST(RefreshMachineFresh, CountsTheLifetimeFromBeforeTheRequest) {
  MachineDriver machine;
  machine.Tick();
  machine.Grant(absl::Seconds(300), true, absl::Seconds(4));
  EXPECT_EQ(machine.Pause(), absl::Seconds(146));
}

TEST(RefreshMachineFresh, KeepsThePlannedRefreshWithinSaneFractions) {
  for (auto [refresh_at, expected] : {std::pair(0.0, 30), {0.01, 30}, {0.6, 180}, {0.95, 210}}) {
    MachineDriver machine(RefreshPolicy{refresh_at});
    machine.LogIn();
    EXPECT_EQ(machine.Pause(), absl::Seconds(expected)) << refresh_at;
    EXPECT_EQ(machine.SleepOut(), kRefresh) << refresh_at;
  }
}

TEST(RefreshMachineFresh, RefreshesTokensOfEveryLifetimeBeforeTheyEnd) {
  for (int seconds : {3, 6, 20, 60, 119, 240, 300, 900, 3600, 86400}) {
    for (double random : {0.0, 0.999999}) {
      MachineDriver machine(RefreshPolicy{0.9});
      machine.set_random(random);
      machine.LogIn(absl::Seconds(seconds));
      EXPECT_EQ(machine.SleepOut(), kRefresh) << seconds;
      EXPECT_TRUE(machine.state().token->UsableAt(machine.now())) << seconds;
    }
  }
}

TEST(RefreshMachineFresh, LogsInInsteadWhereTheGrantHadNoRefreshToken) {
  MachineDriver machine;
  machine.LogIn(absl::Seconds(300), /*has_refresh_token=*/false);
  EXPECT_EQ(machine.Pause(), absl::Seconds(150));
  EXPECT_EQ(machine.SleepOut(), kLogin);
}

TEST(RefreshMachineFresh, DoesNotSpinOnTinyLifetimes) {
  MachineDriver machine;
  machine.LogIn(absl::Milliseconds(20));
  EXPECT_EQ(machine.Pause(), absl::Seconds(1));
  int attempts = 0;
  const BootTime end = machine.now() + absl::Minutes(10);
  while (machine.now() < end) {
    if (machine.SleepOut().has_value()) {
      ++attempts;
      machine.Grant(absl::Milliseconds(20));
    }
  }
  EXPECT_LE(attempts, 61);
}

TEST(RefreshMachineFresh, TakesAGrantThatIsNoLongerUsableForAFailure) {
  MachineDriver machine;
  machine.Tick();
  machine.Grant(absl::Seconds(10), true, absl::Seconds(9));
  EXPECT_EQ(machine.state().token, nullptr);
  EXPECT_EQ(machine.state().last_failure, FailureKind::kAmbiguous);
  EXPECT_GT(machine.Pause(), absl::ZeroDuration());
}

TEST(RefreshMachineFresh, LogsInAfterASuspendThatOutlastedTheToken) {
  MachineDriver machine;
  machine.LogIn();
  EXPECT_EQ(machine.Advance(absl::Hours(8)), kLogin);
}

TEST(RefreshMachineFresh, RefreshesAfterASuspendThatLeftEnoughLife) {
  MachineDriver machine;
  machine.LogIn();
  EXPECT_EQ(machine.Advance(absl::Seconds(239)), kRefresh);
}

TEST(RefreshMachineFresh, KeyChangeCostsNothing) {
  MachineDriver machine;
  machine.LogIn();
  EXPECT_EQ(machine.Feed(KeyChanged{}), kNothing);
  EXPECT_EQ(machine.Pause(), absl::Seconds(150));
}

// REFRESHING

MachineDriver Refreshing() {
  MachineDriver machine;
  machine.LogIn();
  machine.SleepOut();
  return machine;
}

TEST(RefreshMachineRefreshing, GrantReplacesTheToken) {
  MachineDriver machine = Refreshing();
  EXPECT_EQ(machine.Grant(), kNothing);
  EXPECT_EQ(machine.state().phase, RefreshPhase::kFresh);
  EXPECT_EQ(machine.state().token->version, "v2");
  EXPECT_EQ(machine.Pause(), absl::Seconds(150));
}

TEST(RefreshMachineRefreshing, RetriesWhatWasSurelyNotSentWithTheSameRefreshToken) {
  MachineDriver machine = Refreshing();
  EXPECT_EQ(machine.Fail(FailureKind::kNotSent), kNothing);
  EXPECT_EQ(machine.state().phase, RefreshPhase::kRefreshing);
  EXPECT_EQ(machine.SleepOut(), kRefresh);
}

TEST(RefreshMachineRefreshing, RetriesWithFullJitterFromOneToFifteenSeconds) {
  for (auto [random, limits] :
       {std::pair(0.0, std::array{0.25, 0.25, 0.25, 0.25, 0.25, 0.25}),
        std::pair(0.999999999, std::array{1.0, 2.0, 4.0, 8.0, 15.0, 15.0})}) {
    MachineDriver machine = Refreshing();
    machine.set_random(random);
    for (double limit : limits) {
      machine.Fail(FailureKind::kNotSent);
      EXPECT_NEAR(absl::ToDoubleSeconds(machine.Pause()), limit, 1e-6);
      EXPECT_EQ(machine.SleepOut(), kRefresh);
    }
  }
}

TEST(RefreshMachineRefreshing, AnyOtherFailureSpendsTheRefreshTokenAndLogsIn) {
  for (FailureKind kind : kAllFailures) {
    if (kind == FailureKind::kNotSent || kind == FailureKind::kRateLimited) {
      continue;
    }
    MachineDriver machine = Refreshing();
    EXPECT_EQ(machine.Fail(kind), kLogin) << static_cast<int>(kind);
    EXPECT_FALSE(machine.state().can_refresh);
    EXPECT_EQ(machine.state().phase, RefreshPhase::kLogin);
  }
}

TEST(RefreshMachineRefreshing, RefusedRefreshTokenDoesNotBlameTheKey) {
  MachineDriver machine = Refreshing();
  EXPECT_EQ(machine.Fail(FailureKind::kUnauthorized), kLogin);
  EXPECT_EQ(machine.state().last_failure, FailureKind::kClientError);
}

TEST(RefreshMachineRefreshing, RateLimitPutsTheLoginOffForRetryAfter) {
  MachineDriver machine = Refreshing();
  machine.set_random(0);
  EXPECT_EQ(machine.Fail(FailureKind::kRateLimited, absl::Seconds(20)), kNothing);
  EXPECT_EQ(machine.Pause(), absl::Seconds(20));
  EXPECT_EQ(machine.SleepOut(), kLogin);
}

TEST(RefreshMachineRefreshing, RetryAfterOfAServerErrorDoesNotPutTheLoginOff) {
  MachineDriver machine = Refreshing();
  EXPECT_EQ(machine.Fail(FailureKind::kServerError, absl::Seconds(300)), kLogin);
}

TEST(RefreshMachineRefreshing, LogsInWhenLittleLifeIsLeft) {
  for (auto [left, expected] : {std::pair(60, kRefresh), {59, kLogin}}) {
    MachineDriver machine = Refreshing();
    machine.Fail(FailureKind::kNotSent);
    machine.set_now(machine.state().token->expires_at - absl::Seconds(left));
    EXPECT_EQ(machine.Tick(), expected) << left;
  }
}

TEST(RefreshMachineRefreshing, LittleLifeIsAFifthOfALongAndAQuarterOfAShortOne) {
  for (auto [lifetime, limit] : {std::pair(3600, 720), {300, 60}, {240, 60}, {100, 25}, {8, 2}}) {
    for (auto [left, expected] : {std::pair(limit + 0.01, kRefresh), {limit - 0.01, kLogin}}) {
      MachineDriver machine;
      machine.LogIn(absl::Seconds(lifetime));
      machine.set_now(machine.state().token->expires_at - absl::Seconds(left));
      EXPECT_EQ(machine.Tick(), expected) << lifetime;
    }
  }
}

// LOGIN

TEST(RefreshMachineLogin, GrantMakesItFresh) {
  MachineDriver machine;
  machine.Tick();
  machine.Grant();
  EXPECT_EQ(machine.state().phase, RefreshPhase::kFresh);
  EXPECT_FALSE(machine.state().last_failure.has_value());
}

TEST(RefreshMachineLogin, RetriesWithFullJitterFromOneToFifteenSeconds) {
  for (FailureKind kind :
       {FailureKind::kNotSent, FailureKind::kAmbiguous, FailureKind::kServerError,
        FailureKind::kClientError, FailureKind::kCancelled}) {
    MachineDriver machine;
    machine.set_random(0.999999999);
    machine.Tick();
    for (double limit : {1.0, 2.0, 4.0, 8.0, 15.0, 15.0}) {
      machine.set_now(machine.now() +
                      absl::Seconds(20));  // each attempt is slow: no budget in the way
      machine.Fail(kind);
      EXPECT_NEAR(absl::ToDoubleSeconds(machine.Pause()), limit, 1e-6);
      EXPECT_EQ(machine.SleepOut(), kLogin);
    }
    EXPECT_EQ(machine.state().phase, RefreshPhase::kLogin);
  }
}

TEST(RefreshMachineLogin, BackoffBeginsAnewAfterASuccess) {
  MachineDriver machine;
  machine.set_random(0.999999999);
  machine.Tick();
  for (int i = 0; i < 4; ++i) {
    machine.Fail(FailureKind::kServerError);
    machine.SleepOut();
    machine.SleepOut();  // the budget may have put it off
  }
  machine.Grant();
  machine.SleepOut();
  machine.Fail(FailureKind::kNotSent);
  EXPECT_NEAR(absl::ToDoubleSeconds(machine.Pause()), 1.0, 1e-6);
}

TEST(RefreshMachineLogin, RateLimitIsObeyedWithinBounds) {
  for (auto [retry_after, pause] :
       {std::pair(0, 1), {1, 1}, {30, 30}, {300, 300}, {301, 300}, {86400, 300}, {-5, 1}}) {
    MachineDriver machine;
    machine.set_random(0);
    machine.Tick();
    machine.Fail(FailureKind::kRateLimited, absl::Seconds(retry_after));
    EXPECT_EQ(machine.Pause(), absl::Seconds(pause)) << retry_after;
    EXPECT_EQ(machine.state().phase, RefreshPhase::kLogin);
  }
}

TEST(RefreshMachineLogin, RateLimitIsNeverCutShortAndSpreadByATenth) {
  MachineDriver machine;
  machine.set_random(0.999999999);
  machine.Tick();
  machine.Fail(FailureKind::kRateLimited, absl::Seconds(30));
  EXPECT_NEAR(absl::ToDoubleSeconds(machine.Pause()), 33, 1e-6);
  EXPECT_EQ(machine.Advance(absl::Seconds(32)), kNothing);
  EXPECT_EQ(machine.Advance(absl::Seconds(1)), kLogin);
}

TEST(RefreshMachineLogin, RateLimitWithoutRetryAfterBacksOff) {
  MachineDriver machine;
  machine.set_random(0.999999999);
  machine.Tick();
  machine.Fail(FailureKind::kRateLimited);
  EXPECT_NEAR(absl::ToDoubleSeconds(machine.Pause()), 1.0, 1e-6);
}

TEST(RefreshMachineLogin, RetryAfterOfAnythingButARateLimitIsNotObeyed) {
  for (FailureKind kind :
       {FailureKind::kServerError, FailureKind::kClientError, FailureKind::kAmbiguous}) {
    for (int retry_after : {0, 300}) {
      MachineDriver machine;
      machine.set_random(0.999999999);
      machine.Tick();
      machine.Fail(kind, absl::Seconds(retry_after));
      EXPECT_NEAR(absl::ToDoubleSeconds(machine.Pause()), 1.0, 1e-6) << static_cast<int>(kind);
    }
  }
}

TEST(RefreshMachineLogin, AtMostSixAMinuteHoweverTheyFail) {
  MachineDriver machine;
  machine.set_random(0);
  std::vector<BootTime> logins;
  if (machine.Tick().has_value()) {
    logins.push_back(machine.now());
  }
  while (logins.size() < 100) {
    machine.Fail(FailureKind::kServerError);
    while (!machine.SleepOut().has_value()) {
    }
    logins.push_back(machine.now());
  }
  for (std::size_t i = 6; i < logins.size(); ++i) {
    EXPECT_GE(logins[i] - logins[i - 6], absl::Minutes(1));
    EXPECT_LE(logins[i] - logins[i - 1], absl::Seconds(15));
  }
}

TEST(RefreshMachineLogin, AtMostSixAMinuteHoweverTheySucceed) {
  MachineDriver machine;
  machine.Tick();
  std::vector<BootTime> logins = {machine.now()};
  while (logins.size() < 50) {
    // A refresh token that never works, and a caller that always wants a longer life.
    machine.Grant(absl::Seconds(5));
    machine.set_now(machine.now() + absl::Seconds(1.1));
    machine.Feed(ValidityWanted{absl::Seconds(4)});
    if (machine.state().in_flight == kLogin || machine.Fail(FailureKind::kClientError) == kLogin) {
      logins.push_back(machine.now());
      continue;
    }
    ASSERT_EQ(machine.SleepOut(), kLogin);
    logins.push_back(machine.now());
  }
  for (std::size_t i = 6; i < logins.size(); ++i) {
    EXPECT_GE(logins[i] - logins[i - 6], absl::Minutes(1));
  }
}

// HELD

MachineDriver Held(FailureKind kind = FailureKind::kUnauthorized) {
  MachineDriver machine;
  machine.Tick();
  machine.Fail(kind);
  return machine;
}

TEST(RefreshMachineHeld, RefusedOrMissingKeyIsHeldForAMinute) {
  for (FailureKind kind : {FailureKind::kUnauthorized, FailureKind::kNoKey}) {
    MachineDriver machine = Held(kind);
    EXPECT_EQ(machine.state().phase, RefreshPhase::kHeld);
    EXPECT_EQ(machine.Pause(), absl::Minutes(1));
    EXPECT_EQ(machine.Advance(absl::Seconds(59.9)), kNothing);
    EXPECT_EQ(machine.Advance(absl::Seconds(0.1)), kLogin);
  }
}

TEST(RefreshMachineHeld, PausesGrowToFiveMinutes) {
  MachineDriver machine = Held();
  for (int seconds : {60, 120, 240, 300, 300, 300}) {
    EXPECT_EQ(machine.Pause(), absl::Seconds(seconds));
    EXPECT_EQ(machine.SleepOut(), kLogin);
    machine.Fail(FailureKind::kUnauthorized);
    EXPECT_EQ(machine.state().phase, RefreshPhase::kHeld);
  }
}

TEST(RefreshMachineHeld, LogsInAtOnceWithAChangedKey) {
  MachineDriver machine = Held();
  machine.Advance(absl::Seconds(3));
  EXPECT_EQ(machine.Feed(KeyChanged{}), kLogin);
  machine.Grant();
  EXPECT_EQ(machine.state().phase, RefreshPhase::kFresh);
}

TEST(RefreshMachineHeld, KeyThatChangesDuringTheRefusedLoginIsTriedAtOnce) {
  MachineDriver machine;
  machine.Tick();
  machine.Feed(KeyChanged{});
  EXPECT_EQ(machine.Fail(FailureKind::kUnauthorized), kLogin);
  // That was the new key: refused, it is held.
  EXPECT_EQ(machine.Fail(FailureKind::kUnauthorized), kNothing);
  EXPECT_EQ(machine.state().phase, RefreshPhase::kHeld);
  EXPECT_EQ(machine.Pause(), absl::Minutes(1));
}

TEST(RefreshMachineHeld, ChangedKeyBeginsItsOwnPauses) {
  MachineDriver machine = Held();
  machine.SleepOut();
  machine.Fail(FailureKind::kUnauthorized);
  EXPECT_EQ(machine.Pause(), absl::Minutes(2));
  machine.Feed(KeyChanged{});
  machine.Fail(FailureKind::kUnauthorized);
  EXPECT_EQ(machine.Pause(), absl::Minutes(1));
}

TEST(RefreshMachineHeld, PausesBeginAnewAfterASuccess) {
  MachineDriver machine = Held();
  machine.SleepOut();
  machine.Grant(absl::Seconds(300), /*has_refresh_token=*/false);
  ASSERT_EQ(machine.SleepOut(), kLogin);
  machine.Fail(FailureKind::kUnauthorized);
  EXPECT_EQ(machine.Pause(), absl::Minutes(1));
}

TEST(RefreshMachineHeld, KeysThatChangeAllTheTimeStayWithinTheBudget) {
  MachineDriver machine = Held();
  int logins = 1;
  for (int i = 0; i < 300; ++i) {
    machine.set_now(machine.now() + absl::Milliseconds(100));
    if (machine.Feed(KeyChanged{}).has_value()) {
      ++logins;
      machine.Fail(FailureKind::kUnauthorized);
    }
  }
  EXPECT_EQ(logins, 6);
}

TEST(RefreshMachineHeld, RetryThatFailsOtherwiseIsALoginAgain) {
  MachineDriver machine = Held();
  machine.SleepOut();
  machine.Fail(FailureKind::kServerError);
  EXPECT_EQ(machine.state().phase, RefreshPhase::kLogin);
  EXPECT_LE(machine.Pause(), absl::Seconds(15));
}

TEST(RefreshMachineHeld, KeepsTheTokenThatIsStillUsable) {
  MachineDriver machine = Refreshing();
  machine.Fail(FailureKind::kClientError);
  machine.Fail(FailureKind::kUnauthorized);
  EXPECT_EQ(machine.state().phase, RefreshPhase::kHeld);
  EXPECT_EQ(machine.state().token->version, "v1");
  EXPECT_TRUE(machine.state().token->UsableAt(machine.now()));
}

// rejected_version

TEST(RefreshMachineRejected, CurrentVersionForcesARefreshAtOnce) {
  MachineDriver machine;
  machine.LogIn();
  machine.Advance(absl::Seconds(5));
  EXPECT_EQ(machine.Feed(TokenRejected{"v1"}), kRefresh);
}

TEST(RefreshMachineRejected, OtherVersionsAreIgnored) {
  MachineDriver machine = Refreshing();
  machine.Grant();
  EXPECT_EQ(machine.Feed(TokenRejected{"v1"}), kNothing);
  EXPECT_EQ(machine.Feed(TokenRejected{"v3"}), kNothing);
  EXPECT_EQ(machine.Feed(TokenRejected{""}), kNothing);
}

TEST(RefreshMachineRejected, ReportsOfOneVersionCostOneRefresh) {
  MachineDriver machine;
  machine.LogIn();
  int attempts = 0;
  for (int i = 0; i < 1000; ++i) {
    attempts += machine.Feed(TokenRejected{"v1"}).has_value() ? 1 : 0;
  }
  machine.Grant();
  for (int i = 0; i < 1000; ++i) {
    attempts += machine.Feed(TokenRejected{"v1"}).has_value() ? 1 : 0;
  }
  EXPECT_EQ(attempts, 1);
}

TEST(RefreshMachineRejected, ForcedRefreshesAreTenSecondsApart) {
  MachineDriver machine;
  machine.LogIn();
  EXPECT_EQ(machine.Feed(TokenRejected{"v1"}), kRefresh);
  machine.Grant();
  EXPECT_EQ(machine.Feed(TokenRejected{"v2"}), kNothing);
  machine.Advance(absl::Seconds(9.99));
  EXPECT_EQ(machine.Feed(TokenRejected{"v2"}), kNothing);
  machine.Advance(absl::Seconds(0.01));
  EXPECT_EQ(machine.Feed(TokenRejected{"v2"}), kRefresh);
}

TEST(RefreshMachineRejected, GapCountsFromTheAttemptThatWasPutOff) {
  MachineDriver machine;
  machine.LogIn();
  machine.Feed(TokenRejected{"v1"});
  machine.Fail(FailureKind::kNotSent);
  EXPECT_EQ(machine.Advance(absl::Seconds(9)), kRefresh);
  machine.Grant();
  machine.Advance(absl::Seconds(2));
  EXPECT_EQ(machine.Feed(TokenRejected{"v2"}), kNothing);
}

TEST(RefreshMachineRejected, ReportDoesNotHastenARetry) {
  MachineDriver machine = Refreshing();
  machine.Fail(FailureKind::kNotSent);
  EXPECT_EQ(machine.Feed(TokenRejected{"v1"}), kNothing);
  EXPECT_GT(machine.Pause(), absl::ZeroDuration());
}

TEST(RefreshMachineRejected, PlannedRefreshDoesNotCountAsForced) {
  MachineDriver machine = Refreshing();
  machine.Grant();
  EXPECT_EQ(machine.Feed(TokenRejected{"v2"}), kRefresh);
}

TEST(RefreshMachineRejected, PlannedRefreshAfterAForcedOneDoesNotCountAsForced) {
  MachineDriver machine;
  machine.LogIn();
  ASSERT_EQ(machine.Feed(TokenRejected{"v1"}), kRefresh);
  machine.Grant();
  ASSERT_EQ(machine.SleepOut(), kRefresh);
  machine.Grant();
  EXPECT_EQ(machine.Feed(TokenRejected{"v3"}), kRefresh);
}

TEST(RefreshMachineRejected, LogsInWhereNoRefreshTokenIsLeft) {
  MachineDriver machine;
  machine.LogIn(absl::Seconds(300), /*has_refresh_token=*/false);
  EXPECT_EQ(machine.Feed(TokenRejected{"v1"}), kLogin);
}

// min_validity

TEST(RefreshMachineValidity, RefreshesEarlyWhereTheTokenIsTooOld) {
  MachineDriver machine;
  machine.LogIn();
  machine.Advance(absl::Seconds(60));
  EXPECT_EQ(machine.Feed(ValidityWanted{absl::Seconds(240)}), kNothing);
  machine.Advance(absl::Seconds(1));
  EXPECT_EQ(machine.Feed(ValidityWanted{absl::Seconds(240)}), kRefresh);
}

TEST(RefreshMachineValidity, MoreThanTheBoundIsIgnored) {
  MachineDriver machine;
  machine.LogIn();
  machine.Advance(absl::Seconds(100));
  EXPECT_EQ(machine.Feed(ValidityWanted{absl::Seconds(240.1)}), kNothing);
  EXPECT_EQ(MaxMinValidity(absl::Seconds(300)), absl::Seconds(240));
}

TEST(RefreshMachineValidity, CostsAtMostOneRefreshInAFifthOfTheLifetime) {
  for (int lifetime : {6, 30, 300, 3600}) {
    MachineDriver machine;
    machine.LogIn(absl::Seconds(lifetime));
    const BootTime start = machine.now();
    int refreshes = 0;
    for (int i = 0; i < 1000; ++i) {
      machine.set_now(start + absl::Seconds(lifetime) * (i / 100.0));
      machine.Tick();
      machine.Feed(ValidityWanted{MaxMinValidity(absl::Seconds(lifetime))});
      if (machine.state().in_flight.has_value()) {
        ++refreshes;
        machine.Grant(absl::Seconds(lifetime));
      }
    }
    EXPECT_LE(refreshes, 50) << lifetime;
    EXPECT_GE(refreshes, 40) << lifetime;
  }
}

TEST(RefreshMachineValidity, VeryShortTokensAreReplacedOnceASecondAtMost) {
  MachineDriver machine;
  machine.LogIn(absl::Seconds(2));
  machine.Advance(absl::Seconds(0.5));
  EXPECT_EQ(machine.Feed(ValidityWanted{absl::Seconds(1.6)}), kNothing);
  EXPECT_EQ(machine.Pause(), absl::Seconds(0.5));
  EXPECT_EQ(machine.SleepOut(), kRefresh);
}

TEST(UpstreamOperationName, NamesBoth) {
  EXPECT_EQ(UpstreamOperationName(UpstreamOperation::kLogin), "login");
  EXPECT_EQ(UpstreamOperationName(UpstreamOperation::kRefresh), "refresh");
}

TEST(ForcedRefresh, ReplacesAFreshTokenAtOnceByARefresh) {
  MachineDriver machine;
  machine.LogIn();
  machine.Advance(absl::Seconds(1));
  EXPECT_EQ(machine.Feed(RefreshForced{}), UpstreamOperation::kRefresh);
  machine.Grant();
  EXPECT_EQ(machine.state().phase, RefreshPhase::kFresh);
}

TEST(ForcedRefresh, SharesTheCooldownWithRejectedTokens) {
  MachineDriver machine;
  machine.LogIn();
  ASSERT_EQ(machine.Feed(RefreshForced{}), UpstreamOperation::kRefresh);
  machine.Grant();
  EXPECT_EQ(machine.Feed(TokenRejected{machine.state().token->version}), std::nullopt);
  EXPECT_EQ(machine.Feed(RefreshForced{}), std::nullopt);
  machine.Advance(absl::Seconds(10));
  ASSERT_EQ(machine.Feed(TokenRejected{machine.state().token->version}),
            UpstreamOperation::kRefresh);
  machine.Grant();
  EXPECT_EQ(machine.Feed(RefreshForced{}), std::nullopt);
  EXPECT_EQ(machine.state().due, machine.state().token->refresh_at);
}

TEST(ForcedRefresh, ChangesNothingWhileAnAttemptIsInFlight) {
  MachineDriver machine;
  ASSERT_EQ(machine.Tick(), UpstreamOperation::kLogin);
  EXPECT_EQ(machine.Feed(RefreshForced{}), std::nullopt);
  EXPECT_FALSE(machine.state().forced);
}

TEST(ForcedRefresh, TriesARefusedKeyAgainAndGoesOnCountingRefusals) {
  MachineDriver machine;
  machine.Tick();
  machine.Fail(FailureKind::kUnauthorized);
  ASSERT_EQ(machine.state().phase, RefreshPhase::kHeld);
  machine.Advance(absl::Seconds(11));
  ASSERT_EQ(machine.Feed(RefreshForced{}), UpstreamOperation::kLogin);
  machine.Fail(FailureKind::kUnauthorized);
  EXPECT_EQ(machine.state().phase, RefreshPhase::kHeld);
  EXPECT_EQ(machine.Pause(), absl::Seconds(120));
  machine.Advance(absl::Seconds(11));
  ASSERT_EQ(machine.Feed(RefreshForced{}), UpstreamOperation::kLogin);
  machine.Grant();
  EXPECT_EQ(machine.state().phase, RefreshPhase::kFresh);
}

TEST(ForcedRefresh, RespectsTheLoginBudget) {
  MachineDriver machine;
  machine.Tick();
  int logins = 1;
  for (int i = 0; i < 20; ++i) {
    if (machine.state().in_flight.has_value()) {
      machine.Fail(FailureKind::kUnauthorized);
    }
    logins += machine.Feed(RefreshForced{}).has_value() ? 1 : 0;
    logins += machine.Advance(absl::Seconds(2.9)).has_value() ? 1 : 0;
  }
  EXPECT_LE(logins, 6);
  EXPECT_GE(logins, 4);
}

TEST(ForcedRefresh, DoesNotCutThePauseShortThatInvestSuiteAskedFor) {
  MachineDriver machine;
  machine.Tick();
  machine.Fail(FailureKind::kRateLimited, absl::Seconds(60));
  const absl::Duration pause = machine.Pause();
  EXPECT_EQ(machine.Feed(RefreshForced{}), std::nullopt);
  EXPECT_EQ(machine.Pause(), pause);
}

TEST(ForcedRefresh, BringsARetryForward) {
  MachineDriver machine;
  machine.set_random(0.99);
  machine.LogIn();
  machine.SleepOut();
  for (int i = 0; i < 6; ++i) {
    machine.Fail(FailureKind::kNotSent);
    machine.SleepOut();
  }
  machine.Fail(FailureKind::kNotSent);
  ASSERT_GT(machine.Pause(), absl::Seconds(1));
  EXPECT_TRUE(machine.Feed(RefreshForced{}).has_value());
}

}  // namespace
}  // namespace credential_broker
