#include "core/credential_runner.h"

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "core/credential_snapshot.h"
#include "core/credential_watchers.h"
#include "core/forced_refreshes.h"
#include "core/query_rule.h"
#include "core/refresh_machine.h"
#include "core/runner_inbox.h"
#include "core/token_store.h"
#include "core/upstream_attempt.h"
#include "core/waiting_queries.h"

namespace credential_broker {
namespace {

// A call that has been answered before it was handed back.
class Answered final : public PendingQuery {};

class Runner final : public CredentialRunner {
 public:
  Runner(CredentialSnapshot initial, std::unique_ptr<UpstreamSession> upstream, const Clock& clock,
         CredentialObserver& observer, Random& random)
      : clock_(clock),
        observer_(observer),
        random_(random),
        current_(std::move(initial)),
        store_(std::make_shared<const CredentialSnapshot>(current_), clock),
        waiting_(std::make_shared<WaitingQueries>()),
        inbox_(clock),
        attempt_(std::move(upstream)) {}
  ~Runner() override { Stop(); }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  absl::Status Prepare() override {
    MutexLock lock(stop_mutex_);
    if (thread_.joinable()) {
      return absl::OkStatus();
    }
    try {
      thread_ = std::thread([this] {
        if (inbox_.AwaitBegin()) {
          Run();
        }
        End();
      });
    } catch (const std::system_error&) {
      return absl::ResourceExhaustedError(
          "no thread can be started for a credential; raise the limit of processes or of memory");
    }
    return absl::OkStatus();
  }

  absl::Status Begin() override {
    inbox_.Begin();
    return Prepare();
  }

  std::optional<absl::StatusOr<TokenPtr>> TryGet(const TokenQuery& query) override {
    return store_.TryGet(query);
  }

  std::unique_ptr<PendingQuery> Wait(TokenQuery query, TokenCallback done) override {
    std::optional<absl::StatusOr<TokenPtr>> answer = store_.TryGet(query);
    if (!answer.has_value()) {
      if (auto pending = waiting_->Add(query, done)) {
        inbox_.Wake();
        return pending;
      }
      // Stopping: by now there is an answer to every query.
      answer = store_.TryGet(query);
    }
    std::move(done)(*std::move(answer));
    return std::make_unique<Answered>();
  }

  CredentialStatus Status() const override {
    return StatusAt(*store_.Latest(), clock_.Now(), clock_.WallNow());
  }

  CredentialView View() const override {
    const SnapshotPtr latest = store_.Latest();
    const BootTime now = clock_.Now();
    const TokenPtr& token = latest->refresh.token;
    return {token != nullptr && token->UsableAt(now) ? token : nullptr,
            StatusAt(*latest, now, clock_.WallNow())};
  }

  std::shared_ptr<CredentialWatch> Watch(std::function<void()> on_change) override {
    return watchers_.Add(std::move(on_change));
  }

  std::unique_ptr<PendingQuery> Refresh(TokenCallback done) override {
    if (auto pending = forced_.Add(done)) {
      inbox_.Wake();
      return pending;
    }
    std::move(done)(RefreshAfterStop());
    return std::make_unique<Answered>();
  }

  void OnKeyChanged() override { inbox_.KeyChanged(); }

  void Reconfigure(RefreshPolicy policy, std::unique_ptr<UpstreamSession> upstream) override {
    inbox_.Reconfigure({policy, std::move(upstream)});
  }

  void Stop() override {
    inbox_.Stop();
    MutexLock lock(stop_mutex_);
    if (thread_.joinable()) {
      attempt_.Cancel();
      thread_.join();
    }
  }

 private:
  // All below: the credential's thread.

  void Run() {
    observer_.OnStateChanged(current_.name, reported_state_);
    RunnerInbox::Mail mail;
    while (!mail.stop) {
      if (mail.upkeep.has_value()) {
        upkeep_ = std::move(mail.upkeep);
      }
      if (mail.result.has_value()) {
        AttemptEnded(*std::move(mail.result));
      } else if (!current_.refresh.in_flight.has_value()) {
        TakeUpkeep();
      }
      if (mail.key_changed) {
        Feed(KeyChanged{});
      }
      Feed(TimePassed{});
      forced_.Begin(
          [this]() -> const CredentialSnapshot& {
            Feed(RefreshForced{});
            return current_;
          },
          clock_);
      AnswerCalls();
      ReportState();
      watchers_.Tell(current_, clock_.Now());
      mail = inbox_.Take(NextWake());
    }
  }

  void End() {
    current_.stopping = true;
    Publish();
    waiting_->Close();
    waiting_->JudgeAll([this](const TokenQuery& query) { return Judge(query); });
    forced_.Close();
    attempt_.Join();
  }

  // One step of the machine, and the start of the attempt that it asks for.
  void Feed(const RefreshEvent& event) {
    const BootTime was_due = current_.refresh.due;
    RefreshStep step = Next(std::move(current_.refresh), event, clock_.Now(), random_.Fraction());
    current_.refresh = std::move(step.state);
    const bool starts = !std::holds_alternative<Sleep>(step.action);
    wake_at_ = starts ? BootTime::InfiniteFuture() : std::get<Sleep>(step.action).until;
    // Time alone changes what callers see when it starts an attempt, or when the budget puts one
    // off.
    unpublished_ |=
        starts || !std::holds_alternative<TimePassed>(event) || current_.refresh.due != was_due;
    if (starts) {
      // Callers know of the attempt before InvestSuite does.
      Publish();
      attempt_started_ = clock_.Now();
      attempt_.Start(*current_.refresh.in_flight, refresh_token_,
                     [this](AttemptResult result) { inbox_.AttemptEnded(std::move(result)); });
    } else if (!current_.refresh.in_flight.has_value() && !current_.refresh.can_refresh) {
      refresh_token_ = Secret();
    }
  }

  // Between two attempts.
  void TakeUpkeep() {
    if (upkeep_.has_value()) {
      current_.refresh.policy = upkeep_->policy;
      attempt_.Use(std::move(upkeep_->upstream));
      upkeep_.reset();
    }
  }

  void AttemptEnded(AttemptResult result) {
    attempt_.Join();
    TakeUpkeep();
    const std::string_view operation = UpstreamOperationName(*current_.refresh.in_flight);
    const absl::Duration took = clock_.Now() - attempt_started_;
    if (auto* grant = std::get_if<Grant>(&result)) {
      if (Accept(std::move(*grant))) {
        Publish();
        observer_.OnTokenObtained(current_.name, operation, *current_.refresh.token, took);
        forced_.AttemptEnded(current_, clock_.Now());
        return;
      }
      result = AttemptFailure{FailureKind::kAmbiguous,
                              "InvestSuite granted a token that was about to expire; compare its "
                              "token lifetime and clock",
                              200, std::nullopt, ""};
    } else {
      const auto& failure = std::get<AttemptFailure>(result);
      Feed(AttemptFailed{failure.kind, failure.retry_after});
    }
    const auto& failure = std::get<AttemptFailure>(result);
    current_.failure_message = failure.message;
    Publish();
    observer_.OnUpstreamFailed(current_.name, operation, failure, took, TimeToNextAttempt());
    forced_.AttemptEnded(current_, clock_.Now());
  }

  // False: the machine takes its token for a failure.
  bool Accept(Grant grant) {
    Secret refresh_token = std::move(grant.refresh_token);
    const BootTime now = clock_.Now();
    const BootTime refresh_at = PlanRefresh(current_.refresh.policy, grant.expires_at,
                                            grant.lifetime, now, random_.Fraction());
    const TokenPtr token =
        MakeToken(std::move(grant), NewVersion(random_), refresh_at, now, clock_.WallNow());
    Feed(AttemptGranted{token, !refresh_token.empty()});
    if (current_.refresh.token != token) {
      return false;
    }
    refresh_token_ = std::move(refresh_token);
    current_.last_success = clock_.WallNow();
    return true;
  }

  void AnswerCalls() {
    const auto judge = [this](const TokenQuery& query) { return Judge(query); };
    if (!unpublished_ && !judge_all_) {
      waiting_->JudgeNew(judge);
      waiting_->JudgeOverdue(clock_.Now(), judge);
    }
    // To judge a call may start an attempt, which changes what the others wait for; but once at
    // most.
    while (unpublished_ || judge_all_) {
      Publish();
      judge_all_ = false;
      waiting_->JudgeAll(judge);
    }
  }

  std::optional<absl::StatusOr<TokenPtr>> Judge(const TokenQuery& query) {
    QueryDecision decision = Decide(current_, query, clock_.Now());
    if (decision.request.has_value()) {
      Feed(*decision.request);
      decision = Decide(current_, query, clock_.Now());
    }
    return std::move(decision.answer);
  }

  void Publish() {
    judge_all_ |= std::exchange(unpublished_, false);
    store_.Publish(std::make_shared<const CredentialSnapshot>(current_));
  }

  void ReportState() {
    const CredentialState state = StateAt(current_, clock_.Now());
    if (std::exchange(reported_state_, state) != state) {
      observer_.OnStateChanged(current_.name, state);
    }
  }

  absl::Duration TimeToNextAttempt() const {
    return current_.refresh.in_flight.has_value()
               ? absl::ZeroDuration()
               : std::max(absl::ZeroDuration(), current_.refresh.due - clock_.Now());
  }

  BootTime NextWake() const {
    const BootTime wake = std::min(wake_at_, waiting_->EarliestGiveUp());
    // The state changes when the token ends.
    const TokenPtr& token = current_.refresh.token;
    return token != nullptr && token->UsableAt(clock_.Now()) ? std::min(wake, token->usable_until)
                                                             : wake;
  }

  const Clock& clock_;
  CredentialObserver& observer_;
  Random& random_;

  // Of the credential's thread alone.
  CredentialSnapshot current_;
  Secret refresh_token_;
  std::optional<RunnerInbox::Upkeep> upkeep_;  // while an attempt goes on by the one before
  BootTime wake_at_ = BootTime::InfinitePast();
  BootTime attempt_started_;
  bool unpublished_ = false;  // current_ differs from what callers see
  bool judge_all_ = false;    // it differed when the waiting calls were last judged
  CredentialState reported_state_ = CredentialState::kPending;

  TokenStore store_;
  const std::shared_ptr<WaitingQueries> waiting_;
  ForcedRefreshes forced_;
  CredentialWatchers watchers_;

  RunnerInbox inbox_;

  // Last: their threads use all of the above.
  UpstreamAttempt attempt_;
  Mutex stop_mutex_;
  std::thread thread_ ABSL_GUARDED_BY(stop_mutex_);
};

}  // namespace

std::unique_ptr<CredentialRunner> CredentialRunner::Create(
    std::string name, RefreshPolicy policy, std::unique_ptr<UpstreamSession> upstream,
    const Clock& clock, CredentialObserver& observer, Random& random) {
  CredentialSnapshot initial;
  initial.name = std::move(name);
  initial.refresh.policy = policy;
  return std::make_unique<Runner>(std::move(initial), std::move(upstream), clock, observer, random);
}

}  // namespace credential_broker
