#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <random>
#include <string>

#include "core/credential_snapshot.h"
#include "core/machine_driver.h"
#include "core/query_rule.h"
#include "core/refresh_machine.h"
#include "support/fake_clock.h"

// A random walk over the refresh machine and the waiting rule: after every event, what always holds
// must hold.

namespace credential_broker {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define CREDENTIAL_BROKER_SLOW_BUILD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define CREDENTIAL_BROKER_SLOW_BUILD 1
#endif
#endif

#ifdef CREDENTIAL_BROKER_SLOW_BUILD
constexpr int kEvents = 100'000;
#else
constexpr int kEvents = 1'000'000;
#endif

// Words of the design, not of the code under test.
absl::Duration LeastLifeToServe(absl::Duration lifetime) {
  return std::min(absl::Seconds(10), lifetime / 10);
}

class Walk {
 public:
  explicit Walk(unsigned seed) : chance_(seed) { Took(machine_.Tick()); }

  void Step() {
    machine_.set_random(Fraction());
    const int dice = Below(100);
    if (dice < 30 && in_flight_.has_value()) {
      EndAttempt();
    } else if (dice < 60) {
      LetTimePass();
    } else if (dice < 62) {
      clock_.JumpWall(absl::Seconds(Below(7201) - 3600));
    } else if (dice < 64) {
      Took(machine_.Feed(KeyChanged{}));
    } else if (dice < 65) {
      ForceRefresh();
    } else {
      Ask();
    }
    CheckState();
  }

  struct Tally {
    int grants = 0, logins = 0, refreshes = 0, forced = 0, early = 0, served = 0, waits = 0,
        errors = 0;
  };
  const Tally& tally() const { return tally_; }

 private:
  int Below(int end) { return static_cast<int>(chance_() % static_cast<unsigned>(end)); }
  double Fraction() { return static_cast<double>(chance_() >> 11) * 0x1.0p-53; }

  // An operator's refresh shares I5's pause with those that callers force.
  void ForceRefresh() {
    const auto started = machine_.Feed(RefreshForced{});
    if (started.has_value()) {
      ASSERT_GE(machine_.now() - last_forced_, absl::Seconds(10));
      last_forced_ = machine_.now();
    }
    Took(started);
  }

  // What the machine made of an event.
  void Took(std::optional<UpstreamOperation> started) {
    if (!started.has_value()) {
      return;
    }
    // I2: one call in flight.
    ASSERT_FALSE(in_flight_.has_value());
    in_flight_ = started;
    if (*started == UpstreamOperation::kRefresh) {
      ++tally_.refreshes;
      // I4: a refresh token is used at most once.
      ASSERT_TRUE(refresh_token_exists_);
      ASSERT_FALSE(refresh_token_spent_);
      ASSERT_GT(machine_.state().token->expires_at, machine_.now());
      refresh_token_spent_ = true;
      return;
    }
    ++tally_.logins;
    logins_.push_back(machine_.now());
    if (logins_.size() > 6) {
      ASSERT_GE(logins_.back() - logins_.front(), absl::Minutes(1));
      logins_.pop_front();
    }
  }

  void EndAttempt() {
    if (Below(3) == 0) {
      in_flight_.reset();
      const bool usable = Below(20) != 0;
      const absl::Duration lifetime =
          usable ? absl::Seconds(std::exp(Fraction() * 9)) : absl::Milliseconds(Below(2000));
      const absl::Duration took = absl::Seconds(Fraction() * 6);
      clock_.Advance(took);
      const BootTime now = clock_.Now();
      const TokenPtr before = machine_.state().token;
      const bool has_refresh_token = Below(10) != 0;
      if (lifetime - took > LeastLifeToServe(lifetime)) {
        refresh_token_exists_ = has_refresh_token;
        refresh_token_spent_ = false;
      }
      ++tally_.grants;
      Took(machine_.Grant(lifetime, has_refresh_token, took));
      ASSERT_EQ(machine_.now(), now);
      return;
    }
    const auto kind = static_cast<FailureKind>(Below(8));
    const auto retry_after =
        Below(2) == 0 ? std::make_optional(absl::Seconds(Below(600) - 5)) : std::nullopt;
    if (in_flight_ == UpstreamOperation::kRefresh && kind == FailureKind::kNotSent) {
      refresh_token_spent_ = false;
    }
    in_flight_.reset();
    Took(machine_.Fail(kind, retry_after));
  }

  void LetTimePass() {
    const int dice = Below(1000);
    if (dice < 500) {
      clock_.Advance(absl::Seconds(Fraction() * 2));
    } else if (dice < 700) {
      clock_.Advance(absl::Seconds(Fraction() * 60));
    } else if (dice < 995) {
      clock_.Advance(std::clamp(machine_.Pause(), absl::ZeroDuration(), absl::Minutes(5)));
    } else {
      clock_.Advance(absl::Hours(Fraction() * 30));  // suspended
    }
    machine_.set_now(clock_.Now());
    Took(machine_.Tick());
  }

  void Ask() {
    const TokenPtr token = machine_.state().token;
    TokenQuery query;
    if (token != nullptr && Below(3) == 0) {
      query.min_validity = Fraction() * token->lifetime;
    }
    if (token != nullptr && Below(3) == 0) {
      query.rejected_version = Below(2) == 0 ? token->version : "v" + std::to_string(Below(1000));
    }
    query.give_up_at = clock_.Now() + absl::Seconds(Fraction() * 20);
    QueryDecision decision = Decide(Snapshot(), query, clock_.Now());
    if (decision.request.has_value()) {
      Force(*decision.request);
      decision = Decide(Snapshot(), query, clock_.Now());
      ASSERT_FALSE(decision.request.has_value());
    }
    Judge(query, decision);
  }

  // I5: at most one forced refresh per version, and two of them at least 10 s apart.
  void Force(const RefreshEvent& request) {
    const auto* rejected = std::get_if<TokenRejected>(&request);
    const auto attempts_before = tally_.logins + tally_.refreshes;
    Took(machine_.Feed(request));
    if (rejected == nullptr) {
      tally_.early += tally_.logins + tally_.refreshes - attempts_before;
      return;
    }
    ++tally_.forced;
    ASSERT_NE(rejected->version, last_forced_version_);
    ASSERT_GE(machine_.now() - last_forced_, absl::Seconds(10));
    last_forced_version_ = rejected->version;
    last_forced_ = machine_.now();
  }

  void Judge(const TokenQuery& query, const QueryDecision& decision) {
    const BootTime now = clock_.Now();
    const RefreshState& state = machine_.state();
    if (!decision.answer.has_value()) {
      ++tally_.waits;
      ASSERT_TRUE(state.in_flight.has_value() || state.due < query.give_up_at);
      return;
    }
    if (decision.answer->ok()) {
      ++tally_.served;
      const Token& token = ***decision.answer;
      // I1: no token leaves with less to live, nor with less than was asked for.
      ASSERT_GE(token.expires_at - now, LeastLifeToServe(token.lifetime));
      ASSERT_GE(token.expires_at - now, query.min_validity);
      ASSERT_NE(token.version, query.rejected_version);
      return;
    }
    ++tally_.errors;
    const auto details = DetailsOf(decision.answer->status());
    ASSERT_TRUE(details.has_value());
    if (decision.answer->status().code() == absl::StatusCode::kUnavailable) {
      ASSERT_GT(*details->retry_after, absl::ZeroDuration());
    } else {
      ASSERT_FALSE(details->retry_after.has_value());
    }
    if (details->reason == Reason::kMinValidityTooLong) {
      ASSERT_GT(query.min_validity, 0.8 * state.token->lifetime);
    } else if (state.token != nullptr && state.token->UsableAt(now)) {
      // Callers that ask for nothing special are never refused while a token is usable.
      ASSERT_TRUE(!query.rejected_version.empty() || query.min_validity > absl::ZeroDuration());
    }
  }

  void CheckState() {
    const RefreshState& state = machine_.state();
    ASSERT_EQ(state.in_flight, in_flight_);
    if (!in_flight_.has_value()) {
      // It always has a next attempt, and never asks to be woken in the past.
      ASSERT_GT(machine_.Pause(), absl::ZeroDuration());
      ASSERT_LE(machine_.Pause(), absl::Hours(3));
    }
    if (state.token != nullptr) {
      // I3: never back to an older one.
      const int version = std::stoi(state.token->version.substr(1));
      ASSERT_GE(version, newest_);
      newest_ = version;
    }
    const bool usable = state.token != nullptr && state.token->UsableAt(clock_.Now());
    const CredentialStatus status = StatusAt(Snapshot(), clock_.Now(), clock_.WallNow());
    ASSERT_EQ(status.version, usable ? state.token->version : "");
    // The wall clock decides nothing: what is shown follows it, however it is set.
    if (!in_flight_.has_value()) {
      ASSERT_EQ(*status.next_refresh_time - clock_.WallNow(), machine_.Pause());
    }
  }

  CredentialSnapshot Snapshot() const { return {"default", machine_.state(), "broken", {}, false}; }

  std::mt19937_64 chance_;
  FakeClock clock_;
  MachineDriver machine_;
  std::optional<UpstreamOperation> in_flight_;
  bool refresh_token_exists_ = false;
  bool refresh_token_spent_ = false;
  std::deque<BootTime> logins_;
  std::string last_forced_version_;
  BootTime last_forced_ = BootTime::InfinitePast();
  int newest_ = 0;
  Tally tally_;
};

TEST(RefreshMachineWalk, HoldsItsInvariantsOverAMillionEvents) {
  constexpr int kWalks = 10;
  Walk::Tally sum;
  for (unsigned seed = 1; seed <= kWalks; ++seed) {
    Walk walk(seed);
    for (int i = 0; i < kEvents / kWalks; ++i) {
      walk.Step();
      if (HasFatalFailure()) {
        FAIL() << "seed " << seed << ", event " << i;
      }
    }
    sum.forced += walk.tally().forced;
    sum.early += walk.tally().early;
    sum.logins += walk.tally().logins;
    sum.refreshes += walk.tally().refreshes;
    sum.served += walk.tally().served;
    sum.waits += walk.tally().waits;
    sum.errors += walk.tally().errors;
  }
  // The walk has been everywhere.
  for (int count :
       {sum.forced, sum.early, sum.logins, sum.refreshes, sum.served, sum.waits, sum.errors}) {
    EXPECT_GT(count, kEvents / 2000);
  }
}

}  // namespace
}  // namespace credential_broker
