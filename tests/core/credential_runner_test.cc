#include "core/credential_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/scripted_upstream.h"
#include "support/fake_clock.h"

namespace credential_broker {
namespace {

using ::testing::ElementsAre;

// Chance that is always the middle, which is no jitter, or as given; and versions that count.
class CountingRandom final : public Random {
 public:
  explicit CountingRandom(std::uint64_t before = std::uint64_t{1} << 63) : bits_(before) {}
  std::uint64_t Bits() override { return ++bits_; }

 private:
  std::atomic<std::uint64_t> bits_;
};

// Keeps what it is told as lines of text.
class RecordingObserver final : public CredentialObserver {
 public:
  void OnTokenObtained(std::string_view credential, std::string_view operation, const Token& token,
                       absl::Duration took) override {
    Add(std::string(credential) + " " + std::string(operation) + " obtained " +
        std::string(token.value.Reveal()) + " in " + absl::FormatDuration(took));
  }
  void OnUpstreamFailed(std::string_view credential, std::string_view operation,
                        const AttemptFailure& failure, absl::Duration took,
                        absl::Duration retry_in) override {
    Add(std::string(credential) + " " + std::string(operation) + " failed: " + failure.message +
        " in " + absl::FormatDuration(took) + ", again in " + absl::FormatDuration(retry_in));
  }
  void OnStateChanged(std::string_view credential, CredentialState state) override {
    Add(std::string(credential) + " " + std::string(CredentialStateName(state)));
  }

  // Waits until a line has come.
  bool Await(const std::string& line) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] {
      return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
    });
  }

  std::vector<std::string> lines() {
    std::lock_guard<std::mutex> lock(mutex_);
    return lines_;
  }

 private:
  void Add(std::string line) {
    std::lock_guard<std::mutex> lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

// A call that waits, and its answer.
class Caller {
 public:
  Caller(Credential& credential, TokenQuery query)
      : answer_(promise_.get_future()),
        pending_(credential.Wait(std::move(query), [this](absl::StatusOr<TokenPtr> answer) {
          promise_.set_value(std::move(answer));
        })) {}

  // "access-a", or the reason of the error; "" where none comes.
  std::string Answer() {
    if (answer_.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      return "";
    }
    const absl::StatusOr<TokenPtr> answer = answer_.get();
    return answer.ok() ? std::string((*answer)->value.Reveal())
                       : std::string(ReasonName(DetailsOf(answer.status()).value().reason));
  }
  bool answered() const {
    return answer_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

 private:
  std::promise<absl::StatusOr<TokenPtr>> promise_;
  std::future<absl::StatusOr<TokenPtr>> answer_;
  std::unique_ptr<PendingQuery> pending_;
};

class CredentialRunnerTest : public ::testing::Test {
 protected:
  ~CredentialRunnerTest() override { runner_.reset(); }

  void Start() {
    runner_ = CredentialRunner::Create("default", {}, std::make_unique<ScriptedUpstream>(script_),
                                       clock_, observer_, random_);
    ASSERT_TRUE(runner_->Begin().ok());
  }

  // The first login gives "access-a".
  void StartFresh() {
    Start();
    Serve("a");
  }

  // Answers the call that comes next with a grant, and waits until it is served.
  void Serve(const std::string& name) {
    const auto call = script_->AwaitCall();
    ASSERT_TRUE(call.has_value());
    script_->Answer(GrantOf(name, clock_));
    ASSERT_EQ(Caller(*runner_, Wanting(name)).Answer(), "access-" + name);
  }

  void Fail(FailureKind kind, std::optional<absl::Duration> retry_after = std::nullopt) {
    ASSERT_TRUE(script_->AwaitCall().has_value());
    script_->Answer(FailureOf(kind, retry_after));
  }

  TokenQuery Patient(absl::Duration patience = absl::Seconds(5)) const {
    TokenQuery query;
    query.give_up_at = clock_.Now() + patience;
    return query;
  }

  // A query that no token but the one after the current satisfies.
  TokenQuery Rejecting(absl::Duration patience = absl::Seconds(5)) {
    TokenQuery query = Patient(patience);
    query.rejected_version = Version();
    return query;
  }

  std::string Version() { return (**runner_->TryGet({}))->version; }

  // The token served now, without waiting; "" where there is none.
  std::string Served() {
    const auto answer = runner_->TryGet(Patient());
    return answer.has_value() && answer->ok() ? std::string((**answer)->value.Reveal()) : "";
  }

  // The answer to a query that does not wait.
  Reason Refused(const TokenQuery& query) {
    const auto answer = runner_->TryGet(query);
    EXPECT_TRUE(answer.has_value() && !answer->ok());
    return answer.has_value() && !answer->ok() ? DetailsOf(answer->status())->reason
                                               : Reason::kInvalidRequest;
  }

  FakeClock clock_;
  CountingRandom random_;
  CountingRandom lowest_{0};
  RecordingObserver observer_;
  std::shared_ptr<UpstreamScript> script_ = std::make_shared<UpstreamScript>();
  std::unique_ptr<CredentialRunner> runner_;

 private:
  // What Serve asks for: a token after the one that was served before it, if any.
  TokenQuery Wanting(const std::string& name) {
    TokenQuery query = Patient();
    const auto current = runner_->TryGet({});
    if (current.has_value() && current->ok() && (**current)->value.Reveal() != "access-" + name) {
      query.rejected_version = (**current)->version;
    }
    return query;
  }
};

TEST_F(CredentialRunnerTest, TenThousandColdCallersCostOneLogin) {
  Start();
  constexpr int kCallers = 10'000;
  std::atomic<int> served = 0;
  std::promise<void> all;
  std::vector<std::unique_ptr<PendingQuery>> pending;
  pending.reserve(kCallers);
  for (int i = 0; i < kCallers; ++i) {
    EXPECT_FALSE(runner_->TryGet(Patient()).has_value());
    pending.push_back(runner_->Wait(Patient(), [&](const absl::StatusOr<TokenPtr>& answer) {
      EXPECT_TRUE(answer.ok());
      if (++served == kCallers) {
        all.set_value();
      }
    }));
  }
  ASSERT_TRUE(script_->AwaitCall().has_value());
  script_->Answer(GrantOf("a", clock_));
  ASSERT_EQ(all.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_EQ(script_->logins(), 1);
  EXPECT_EQ(script_->refreshes(), 0);
}

TEST_F(CredentialRunnerTest, ServesFromMemoryWithoutCallingUpstream) {
  StartFresh();
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(Served(), "access-a");
  }
  EXPECT_EQ(Caller(*runner_, Patient()).Answer(), "access-a");
  EXPECT_EQ(script_->logins(), 1);
  EXPECT_EQ(script_->refreshes(), 0);
}

TEST_F(CredentialRunnerTest, SleepsUntilTheRefreshThenSpendsTheNewestRefreshToken) {
  StartFresh();
  for (const auto& [spent, next] : {std::pair("refresh-a", "b"), {"refresh-b", "c"}}) {
    const BootTime due = clock_.Now() + absl::Seconds(150);
    ASSERT_TRUE(clock_.AwaitParked(due));
    clock_.AdvanceTo(due);
    const auto call = script_->AwaitCall();
    ASSERT_TRUE(call.has_value());
    EXPECT_EQ(call->operation, UpstreamOperation::kRefresh);
    EXPECT_EQ(call->refresh_token, spent);
    Serve(next);
  }
  EXPECT_EQ(script_->logins(), 1);
}

TEST_F(CredentialRunnerTest, ServesTheOldTokenWhileRefreshFails) {
  StartFresh();
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(150)));
  clock_.Advance(absl::Seconds(150));
  ASSERT_TRUE(script_->AwaitCall().has_value());
  EXPECT_EQ(Served(), "access-a");
  Fail(FailureKind::kServerError);  // refresh
  Fail(FailureKind::kServerError);  // login
  ASSERT_TRUE(observer_.Await("default degraded"));
  EXPECT_EQ(Served(), "access-a");
  EXPECT_EQ(runner_->Status().state, CredentialState::kDegraded);
  EXPECT_EQ(runner_->Status().last_error, Reason::kUpstreamUnavailable);
}

TEST_F(CredentialRunnerTest, WithdrawsTheTokenWhenItEnds) {
  StartFresh();
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(150)));
  clock_.Advance(absl::Seconds(150));
  ASSERT_TRUE(script_->AwaitCall().has_value());
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(140)));
  clock_.Advance(absl::Seconds(140));
  ASSERT_TRUE(observer_.Await("default unavailable"));
  EXPECT_EQ(Served(), "");
  EXPECT_EQ(runner_->Status().version, "");
}

TEST_F(CredentialRunnerTest, NotSentRefreshKeepsItsRefreshToken) {
  StartFresh();
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(150)));
  clock_.Advance(absl::Seconds(150));
  Fail(FailureKind::kNotSent);
  const BootTime retry = clock_.Now() + absl::Milliseconds(625);  // the middle of 0.25 to 1 s
  ASSERT_TRUE(clock_.AwaitParked(retry));
  clock_.AdvanceTo(retry);
  const auto call = script_->AwaitCall();
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->operation, UpstreamOperation::kRefresh);
  EXPECT_EQ(call->refresh_token, "refresh-a");
  script_->Answer(FailureOf(FailureKind::kCancelled));
}

TEST_F(CredentialRunnerTest, CallersAreAnsweredWhenPatienceEndsWhileUpstreamHangs) {
  Start();
  ASSERT_TRUE(script_->AwaitCall().has_value());
  Caller short_patience(*runner_, Patient(absl::Seconds(2)));
  Caller long_patience(*runner_, Patient(absl::Seconds(5)));
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(2)));
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(short_patience.Answer(), "TOKEN_NOT_READY");
  EXPECT_FALSE(long_patience.answered());
  script_->Answer(GrantOf("a", clock_));
  EXPECT_EQ(long_patience.Answer(), "access-a");
}

TEST_F(CredentialRunnerTest, CallersOutlastAFailureWhoseRetryIsDueInTime) {
  Start();
  Caller caller(*runner_, Patient());
  Fail(FailureKind::kServerError);
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Milliseconds(625)));
  EXPECT_FALSE(caller.answered());
  clock_.Advance(absl::Milliseconds(625));
  ASSERT_TRUE(script_->AwaitCall().has_value());
  script_->Answer(GrantOf("a", clock_));
  EXPECT_EQ(caller.Answer(), "access-a");
}

TEST_F(CredentialRunnerTest, CallersAreAnsweredAtOnceWhenNoRetryIsDueInTime) {
  Start();
  Caller caller(*runner_, Patient());
  Fail(FailureKind::kRateLimited, absl::Seconds(30));
  EXPECT_EQ(caller.Answer(), "UPSTREAM_RATE_LIMITED");
  EXPECT_EQ(Refused(Patient()), Reason::kUpstreamRateLimited);
}

TEST_F(CredentialRunnerTest, RefusedKeyWaitsForAnotherAndTriesItAtOnce) {
  Start();
  Caller before(*runner_, Patient());
  Fail(FailureKind::kUnauthorized);
  EXPECT_EQ(before.Answer(), "CREDENTIAL_REJECTED");
  ASSERT_TRUE(observer_.Await("default rejected"));
  EXPECT_EQ(runner_->Status().state, CredentialState::kRejected);
  runner_->OnKeyChanged();
  Serve("a");
  EXPECT_EQ(script_->logins(), 2);
  EXPECT_EQ(runner_->Status().state, CredentialState::kReady);
}

TEST_F(CredentialRunnerTest, KeyThatChangesDuringTheRefusedLoginIsTriedAtOnce) {
  Start();
  ASSERT_TRUE(script_->AwaitCall().has_value());
  Caller caller(*runner_, Patient());
  runner_->OnKeyChanged();
  // The runner has taken the change in once it is parked anew, to this caller's patience.
  Caller marker(*runner_, Patient(absl::Seconds(1)));
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(1)));
  script_->Answer(FailureOf(FailureKind::kUnauthorized));
  ASSERT_TRUE(script_->AwaitCall().has_value());
  script_->Answer(GrantOf("a", clock_));
  EXPECT_EQ(caller.Answer(), "access-a");
  EXPECT_EQ(marker.Answer(), "access-a");
}

TEST_F(CredentialRunnerTest, StormOfRejectionsCostsOneRefresh) {
  StartFresh();
  std::vector<std::unique_ptr<Caller>> callers;
  callers.reserve(1000);
  const TokenQuery rejecting = Rejecting();
  for (int i = 0; i < 1000; ++i) {
    callers.push_back(std::make_unique<Caller>(*runner_, rejecting));
  }
  ASSERT_TRUE(script_->AwaitCall().has_value());
  EXPECT_EQ(Served(), "access-a");  // who does not reject it still gets it
  script_->Answer(GrantOf("b", clock_));
  for (const auto& caller : callers) {
    EXPECT_EQ(caller->Answer(), "access-b");
  }
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(Caller(*runner_, rejecting).Answer(), "access-b");
  }
  EXPECT_EQ(script_->refreshes(), 1);
  EXPECT_EQ(script_->logins(), 1);
}

TEST_F(CredentialRunnerTest, SecondForcedRefreshCoolsDown) {
  StartFresh();
  {
    Caller caller(*runner_, Rejecting());
    ASSERT_TRUE(script_->AwaitCall().has_value());
    script_->Answer(GrantOf("b", clock_));
    EXPECT_EQ(caller.Answer(), "access-b");
  }
  const TokenQuery rejecting = Rejecting(absl::Minutes(1));
  EXPECT_EQ(Refused(rejecting), Reason::kRefreshCooldown);
  EXPECT_EQ(Caller(*runner_, rejecting).Answer(), "REFRESH_COOLDOWN");
  EXPECT_EQ(script_->refreshes(), 1);
  clock_.Advance(absl::Seconds(10));
  Caller caller(*runner_, rejecting);
  ASSERT_TRUE(script_->AwaitCall().has_value());
  script_->Answer(GrantOf("c", clock_));
  EXPECT_EQ(caller.Answer(), "access-c");
}

TEST_F(CredentialRunnerTest, MinValidityRefreshesEarlyForAllWhoWantIt) {
  StartFresh();
  clock_.Advance(absl::Seconds(100));
  TokenQuery query = Patient();
  query.min_validity = absl::Seconds(240);
  Caller first(*runner_, query);
  Caller second(*runner_, query);
  ASSERT_TRUE(script_->AwaitCall().has_value());
  EXPECT_EQ(Served(), "access-a");
  script_->Answer(GrantOf("b", clock_));
  EXPECT_EQ(first.Answer(), "access-b");
  EXPECT_EQ(second.Answer(), "access-b");
  EXPECT_EQ(script_->refreshes(), 1);
}

TEST_F(CredentialRunnerTest, CallersAreAnsweredAtOnceWhenTheLoginBudgetPutsTheLoginOff) {
  Start();
  for (int login = 1; login <= 6; ++login) {
    ASSERT_TRUE(script_->AwaitCall().has_value());
    Grant grant = GrantOf("a", clock_, absl::Seconds(2));
    grant.refresh_token = Secret();
    script_->Answer(std::move(grant));
    ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(1)));
    if (login < 6) {
      clock_.Advance(absl::Seconds(1));
    }
  }
  clock_.Advance(absl::Milliseconds(500));
  TokenQuery query = Patient();
  query.min_validity = absl::Seconds(1.6);
  const int parks = clock_.parks();
  Caller caller(*runner_, query);
  ASSERT_TRUE(clock_.AwaitParkAfter(parks));
  EXPECT_FALSE(caller.answered());
  clock_.Advance(absl::Milliseconds(500));
  EXPECT_EQ(caller.Answer(), "UPSTREAM_UNAVAILABLE");
  EXPECT_EQ(script_->logins(), 6);
}

TEST_F(CredentialRunnerTest, LogsInAfterASuspendThatOutlastedTheToken) {
  StartFresh();
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(150)));
  clock_.Advance(absl::Hours(8));
  EXPECT_EQ(Served(), "");
  Caller caller(*runner_, Patient());
  const auto call = script_->AwaitCall();
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->operation, UpstreamOperation::kLogin);
  script_->Answer(GrantOf("b", clock_));
  EXPECT_EQ(caller.Answer(), "access-b");
}

TEST_F(CredentialRunnerTest, GrantThatIsAboutToExpireIsAFailure) {
  Start();
  Caller caller(*runner_, Patient(absl::Milliseconds(1)));
  ASSERT_TRUE(script_->AwaitCall().has_value());
  Grant grant = GrantOf("a", clock_, absl::Seconds(60));
  grant.expires_at = clock_.Now() + absl::Seconds(6);
  script_->Answer(std::move(grant));
  EXPECT_EQ(caller.Answer(), "UPSTREAM_UNAVAILABLE");
  EXPECT_EQ(Served(), "");
}

TEST_F(CredentialRunnerTest, TellsItsObserverWhatHappens) {
  Start();
  ASSERT_TRUE(script_->AwaitCall().has_value());
  ASSERT_TRUE(clock_.AwaitParked(BootTime::InfiniteFuture()));
  clock_.Advance(absl::Milliseconds(20));
  script_->Answer(FailureOf(FailureKind::kNotSent));
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Milliseconds(625)));
  clock_.Advance(absl::Milliseconds(625));
  ASSERT_TRUE(script_->AwaitCall().has_value());
  script_->Answer(GrantOf("a", clock_));
  ASSERT_TRUE(observer_.Await("default ready"));
  EXPECT_THAT(
      observer_.lines(),
      ElementsAre("default pending", "default login failed: it failed in 20ms, again in 625ms",
                  "default unavailable", "default login obtained access-a in 0", "default ready"));
}

TEST_F(CredentialRunnerTest, JittersItsRetriesAndRefreshes) {
  runner_ = CredentialRunner::Create("default", {}, std::make_unique<ScriptedUpstream>(script_),
                                     clock_, observer_, lowest_);
  ASSERT_TRUE(runner_->Begin().ok());
  Fail(FailureKind::kNotSent);
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Milliseconds(250)));
  clock_.Advance(absl::Milliseconds(250));
  Serve("a");
  // 10 % before the middle of the lifetime.
  const absl::Duration until_refresh = (**runner_->TryGet({}))->refresh_at - clock_.Now();
  EXPECT_NEAR(absl::ToDoubleSeconds(until_refresh), 135, 0.001);
}

TEST_F(CredentialRunnerTest, StatusTellsNoSecret) {
  StartFresh();
  const CredentialStatus status = runner_->Status();
  EXPECT_EQ(status.name, "default");
  EXPECT_EQ(status.state, CredentialState::kReady);
  EXPECT_EQ(status.version, Version());
  EXPECT_EQ(status.last_refresh_time, clock_.WallNow());
  EXPECT_EQ(status.expire_time, clock_.WallNow() + absl::Seconds(300));
  EXPECT_EQ(status.next_refresh_time, clock_.WallNow() + absl::Seconds(150));
}

TEST_F(CredentialRunnerTest, StopDuringAHangingCallAnswersWaitersAndReturns) {
  Start();
  ASSERT_TRUE(script_->AwaitCall().has_value());
  Caller caller(*runner_, Patient());
  runner_->Stop();
  EXPECT_EQ(caller.Answer(), "SHUTTING_DOWN");
  EXPECT_EQ(Refused(Patient()), Reason::kShuttingDown);
  EXPECT_EQ(Caller(*runner_, Patient()).Answer(), "SHUTTING_DOWN");
  runner_->Stop();
}

TEST_F(CredentialRunnerTest, StoppedRunnerStillServesAUsableToken) {
  StartFresh();
  runner_->Stop();
  EXPECT_EQ(Served(), "access-a");
  EXPECT_EQ(Refused(Rejecting()), Reason::kShuttingDown);
  runner_->OnKeyChanged();
  EXPECT_EQ(script_->refreshes(), 0);
}

TEST_F(CredentialRunnerTest, PendingQueryMayOutliveTheCredential) {
  Start();
  ASSERT_TRUE(script_->AwaitCall().has_value());
  bool called = false;
  auto pending = runner_->Wait(Patient(), [&](const absl::StatusOr<TokenPtr>& answer) {
    called = true;
    EXPECT_EQ(DetailsOf(answer.status())->reason, Reason::kShuttingDown);
  });
  runner_.reset();
  EXPECT_TRUE(called);
  pending.reset();
}

TEST_F(CredentialRunnerTest, WithdrawnCallIsNotCalled) {
  Start();
  ASSERT_TRUE(script_->AwaitCall().has_value());
  auto pending = runner_->Wait(Patient(), [](const absl::StatusOr<TokenPtr>&) {
    ADD_FAILURE() << "called after its withdrawal";
  });
  pending.reset();
  Serve("a");
}

TEST_F(CredentialRunnerTest, WaitStopAndWithdrawalRace) {
  for (int round = 0; round < 50; ++round) {
    script_ = std::make_shared<UpstreamScript>();
    Start();
    std::atomic<int> answered = 0;
    std::vector<std::thread> threads;
    threads.reserve(3);
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (int call = 0; call < 50; ++call) {
          auto pending =
              runner_->Wait(Patient(), [&](const absl::StatusOr<TokenPtr>&) { ++answered; });
          if (call % 2 == 0) {
            pending.reset();
          }
        }
      });
    }
    runner_->Stop();
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_LE(answered, 150);
  }
}

// Counts the changes that a watch reports. The count is shared with the watch: a call that is in
// progress when the watch is dropped goes on.
class Watcher {
 public:
  explicit Watcher(Credential& credential)
      : watch_(credential.Watch([changes = changes_] { changes->Add(); })) {}
  // Waits until so many changes have been told; false after 30 real seconds.
  bool Await(int count) { return changes_->Await(count); }
  int count() { return changes_->count(); }
  void Drop() { watch_.reset(); }

 private:
  class Changes {
   public:
    void Add() {
      std::lock_guard<std::mutex> lock(mutex_);
      ++count_;
      changed_.notify_all();
    }
    bool Await(int count) {
      std::unique_lock<std::mutex> lock(mutex_);
      return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return count_ >= count; });
    }
    int count() {
      std::lock_guard<std::mutex> lock(mutex_);
      return count_;
    }

   private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
  };

  const std::shared_ptr<Changes> changes_ = std::make_shared<Changes>();
  std::shared_ptr<CredentialWatch> watch_;
};

TEST_F(CredentialRunnerTest, AWatcherIsToldOfATokenOfAFailureAndOfItsEnd) {
  Start();
  ASSERT_TRUE(script_->AwaitCall().has_value());
  Watcher watcher(*runner_);
  EXPECT_EQ(runner_->View().status.state, CredentialState::kPending);
  script_->Answer(GrantOf("a", clock_));
  ASSERT_TRUE(watcher.Await(1));
  EXPECT_EQ(runner_->View().token->value.Reveal(), "access-a");
  EXPECT_EQ(runner_->View().status.state, CredentialState::kReady);

  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(150)));
  clock_.Advance(absl::Seconds(150));
  ASSERT_TRUE(script_->AwaitCall().has_value());
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(140)));
  EXPECT_EQ(watcher.count(), 1) << "that an attempt begins is no news";
  Fail(FailureKind::kServerError);  // refresh; a login follows at once
  ASSERT_TRUE(watcher.Await(2));
  EXPECT_EQ(runner_->View().status.state, CredentialState::kDegraded);
  EXPECT_EQ(runner_->View().status.last_error, Reason::kUpstreamUnavailable);

  ASSERT_TRUE(script_->AwaitCall().has_value());
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(140)));
  EXPECT_EQ(watcher.count(), 2);
  clock_.Advance(absl::Seconds(140) - absl::Nanoseconds(1));
  EXPECT_NE(runner_->View().token, nullptr);
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(runner_->View().token, nullptr);
  ASSERT_TRUE(watcher.Await(3)) << "the token is withdrawn though nothing has happened upstream";
  EXPECT_EQ(runner_->View().status.state, CredentialState::kUnavailable);
}

TEST_F(CredentialRunnerTest, AWatcherIsToldThatTheNextAttemptIsAtAnotherTime) {
  Start();
  ASSERT_TRUE(script_->AwaitCall().has_value());
  Watcher watcher(*runner_);
  Fail(FailureKind::kServerError);
  ASSERT_TRUE(watcher.Await(1));
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Milliseconds(625)));
  EXPECT_TRUE(runner_->View().status.next_refresh_time.has_value());
  clock_.Advance(absl::Milliseconds(625));
  Fail(FailureKind::kServerError);
  ASSERT_TRUE(watcher.Await(2));
  EXPECT_EQ(runner_->View().status.state, CredentialState::kUnavailable);
}

TEST_F(CredentialRunnerTest, ADroppedWatchIsToldNothing) {
  StartFresh();
  Watcher dropped(*runner_);
  Watcher kept(*runner_);
  dropped.Drop();
  Caller caller(*runner_, Rejecting());
  ASSERT_TRUE(script_->AwaitCall().has_value());
  script_->Answer(GrantOf("b", clock_));
  ASSERT_TRUE(kept.Await(1));
  EXPECT_EQ(dropped.count(), 0);
}

// An operator's refresh, and its outcome.
class Operator {
 public:
  explicit Operator(Credential& credential)
      : outcome_(promise_.get_future()),
        pending_(credential.Refresh([this](absl::StatusOr<TokenPtr> outcome) {
          promise_.set_value(std::move(outcome));
        })) {}
  // "access-b", or the reason of the error; "" where none comes.
  std::string Outcome() {
    if (outcome_.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      return "";
    }
    const absl::StatusOr<TokenPtr> outcome = outcome_.get();
    if (outcome.ok()) {
      return std::string((*outcome)->value.Reveal());
    }
    const ErrorDetails details = DetailsOf(outcome.status()).value();
    return std::string(ReasonName(details.reason)) +
           (details.retry_after.has_value() ? " " + absl::FormatDuration(*details.retry_after)
                                            : "");
  }

 private:
  std::promise<absl::StatusOr<TokenPtr>> promise_;
  std::future<absl::StatusOr<TokenPtr>> outcome_;
  std::unique_ptr<PendingQuery> pending_;
};

TEST_F(CredentialRunnerTest, OperatorsWhoComeAtOnceShareOneRefresh) {
  StartFresh();
  Operator first(*runner_);
  ASSERT_TRUE(script_->AwaitCall().has_value());
  Operator second(*runner_);
  Caller marker(*runner_, Rejecting());
  script_->Answer(GrantOf("b", clock_));
  EXPECT_EQ(first.Outcome(), "access-b");
  EXPECT_EQ(second.Outcome(), "access-b");
  EXPECT_EQ(marker.Answer(), "access-b");
  EXPECT_EQ(runner_->Status().state, CredentialState::kReady);
  EXPECT_EQ(script_->refreshes(), 1);
  EXPECT_EQ(Operator(*runner_).Outcome(), "REFRESH_COOLDOWN 10s");
  clock_.Advance(absl::Seconds(4));
  EXPECT_EQ(Operator(*runner_).Outcome(), "REFRESH_COOLDOWN 6s");
  EXPECT_EQ(script_->refreshes(), 1);
}

TEST_F(CredentialRunnerTest, AnOperatorIsToldWhyTheAttemptFailedOnceNoneFollows) {
  StartFresh();
  Operator person(*runner_);
  Fail(FailureKind::kServerError);  // refresh; a login follows at once
  ASSERT_TRUE(script_->AwaitCall().has_value());
  script_->Answer(FailureOf(FailureKind::kServerError));
  EXPECT_EQ(person.Outcome(), "UPSTREAM_UNAVAILABLE 625ms");
  EXPECT_EQ(Served(), "access-a");
}

TEST_F(CredentialRunnerTest, AnOperatorHasARefusedKeyTriedAgain) {
  Start();
  Fail(FailureKind::kUnauthorized);
  ASSERT_TRUE(observer_.Await("default rejected"));
  {
    Operator person(*runner_);
    Fail(FailureKind::kUnauthorized);
    EXPECT_EQ(person.Outcome(), "CREDENTIAL_REJECTED");
  }
  EXPECT_EQ(Operator(*runner_).Outcome(), "REFRESH_COOLDOWN 10s");
  clock_.Advance(absl::Seconds(10));
  Operator person(*runner_);
  ASSERT_TRUE(script_->AwaitCall().has_value());
  script_->Answer(GrantOf("a", clock_));
  EXPECT_EQ(person.Outcome(), "access-a");
}

TEST_F(CredentialRunnerTest, AnOperatorIsToldThatTheBrokerStops) {
  Start();
  ASSERT_TRUE(script_->AwaitCall().has_value());
  Operator person(*runner_);
  runner_->Stop();
  EXPECT_EQ(person.Outcome(), "SHUTTING_DOWN 1s");
  EXPECT_EQ(Operator(*runner_).Outcome(), "SHUTTING_DOWN 1s");
}

TEST_F(CredentialRunnerTest, WatchersOperatorsAndStopRace) {
  for (int round = 0; round < 30; ++round) {
    script_ = std::make_shared<UpstreamScript>();
    StartFresh();
    std::vector<std::thread> threads;
    threads.reserve(3);
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (int step = 0; step < 30; ++step) {
          const Watcher watcher(*runner_);
          const CredentialView view = runner_->View();
          EXPECT_EQ(view.token == nullptr, view.status.version.empty());
          auto pending = runner_->Refresh([](const absl::StatusOr<TokenPtr>&) {});
        }
      });
    }
    runner_->Stop();
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
}

TEST(CredentialRunner, RunsInRealTime) {
  RecordingObserver observer;
  auto script = std::make_shared<UpstreamScript>();
  const auto runner = CredentialRunner::Create(
      "default", {}, std::make_unique<ScriptedUpstream>(script), SystemClock(), observer);
  ASSERT_TRUE(runner->Begin().ok());
  TokenQuery query;
  query.give_up_at = SystemClock().Now() + absl::Seconds(20);
  Caller caller(*runner, query);
  ASSERT_TRUE(script->AwaitCall().has_value());
  script->Answer(GrantOf("a", SystemClock()));
  EXPECT_EQ(caller.Answer(), "access-a");
  TokenQuery impatient;
  impatient.rejected_version = runner->Status().version;
  impatient.give_up_at = SystemClock().Now() + absl::Milliseconds(20);
  Caller hanging(*runner, impatient);
  EXPECT_EQ(hanging.Answer(), "UPSTREAM_UNAVAILABLE");
}

TEST_F(CredentialRunnerTest, APreparedOneSendsNothingBeforeItBegins) {
  runner_ = CredentialRunner::Create("default", {}, std::make_unique<ScriptedUpstream>(script_),
                                     clock_, observer_, random_);
  ASSERT_TRUE(runner_->Prepare().ok());
  ASSERT_TRUE(clock_.AwaitParked(BootTime::InfiniteFuture()));
  // A call that waits wakes the thread, and still nothing is sent.
  const Caller early(*runner_, Patient());
  EXPECT_EQ(script_->logins(), 0);
  EXPECT_FALSE(early.answered());
  ASSERT_TRUE(runner_->Begin().ok());
  Serve("a");
}

TEST_F(CredentialRunnerTest, APreparedOneThatNeverBeginsEndsAndAnswersItsCalls) {
  runner_ = CredentialRunner::Create("default", {}, std::make_unique<ScriptedUpstream>(script_),
                                     clock_, observer_, random_);
  ASSERT_TRUE(runner_->Prepare().ok());
  Caller waiting(*runner_, Patient());
  runner_->Stop();
  EXPECT_EQ(waiting.Answer(), "SHUTTING_DOWN");
  EXPECT_EQ(script_->logins(), 0);
}

TEST_F(CredentialRunnerTest, ReconfiguredItKeepsItsTokenAndRefreshesInTheNewWay) {
  StartFresh();
  const std::string version = Version();
  auto next = std::make_shared<UpstreamScript>();
  runner_->Reconfigure({.refresh_at = 0.2}, std::make_unique<ScriptedUpstream>(next));
  EXPECT_EQ(Version(), version);
  // The token at hand is refreshed when its grant said, with its own refresh token.
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(150)));
  clock_.Advance(absl::Seconds(150));
  const auto call = next->AwaitCall();
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->refresh_token, "refresh-a");
  next->Answer(GrantOf("b", clock_));
  ASSERT_TRUE(observer_.Await("default refresh obtained access-b in 0"));
  EXPECT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(60)));
  EXPECT_EQ(script_->logins() + next->logins(), 1);
}

TEST_F(CredentialRunnerTest, AnAttemptInFlightEndsAsItBegan) {
  Start();
  ASSERT_TRUE(script_->AwaitCall().has_value());
  auto next = std::make_shared<UpstreamScript>();
  runner_->Reconfigure({.refresh_at = 0.2}, std::make_unique<ScriptedUpstream>(next));
  Serve("a");
  EXPECT_EQ(next->logins(), 0);
  // Its token is kept in the new way already.
  EXPECT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(60)));
}

}  // namespace
}  // namespace credential_broker
