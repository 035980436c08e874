#include "identity/pending_reviews.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "base/strings.h"
#include "core/reason.h"
#include "identity/bearer_token.h"

namespace credential_broker::identity {
namespace {

constexpr absl::Duration kReportEvery = absl::Minutes(1);
// Another reason is news earlier. Not at once: two reasons may alternate.
constexpr absl::Duration kReportChangeAfter = absl::Seconds(10);
constexpr absl::Duration kRetryAfter = absl::Seconds(1);

absl::Status CannotAsk() {
  return MarkOutage(
      MakeError(Reason::kUpstreamUnavailable,
                "the Kubernetes API server cannot be asked about the bearer token now, see the "
                "broker's log; try again",
                kRetryAfter, {{"upstream", "kubernetes"}}));
}

absl::Status TooManyWait() {
  return MakeError(
      Reason::kUpstreamUnavailable,
      "too many bearer tokens wait for a review by the Kubernetes API server; try again",
      kRetryAfter, {{"upstream", "kubernetes"}});
}

absl::Status TooManyRefused(absl::Duration wait) {
  return MakeError(Reason::kUpstreamRateLimited,
                   "many bearer tokens of this account or address were rejected, so new ones are "
                   "reviewed at a limited rate; try again after the delay",
                   absl::Ceil(wait, absl::Milliseconds(1)), {{"upstream", "kubernetes"}});
}

bool IsRefusal(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnauthenticated;
}

}  // namespace

// One token to review, and the calls that wait for the verdict.
class PendingReviews::Review {
 public:
  TokenDigest digest;
  Secret token;
  std::optional<absl::Time> expires_at;  // by the token itself
  TokenSource source;                    // of the call that sent it first
  bool trusted = false;                  // it was accepted lately: reviewed at no charge
  // Guarded by the mutex of PendingReviews:
  Callbacks waiting;
  bool begun = false;
  bool closed = false;  // its callbacks are being called
};

// A call that waits for a review. It owns a share of both, so that it may outlive the
// authenticator.
class PendingReviews::Caller final : public PendingCaller {
 public:
  Caller(std::shared_ptr<PendingReviews> reviews, ReviewPtr review, Callbacks::iterator waiting)
      : reviews_(std::move(reviews)), review_(std::move(review)), waiting_(waiting) {}
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() override { reviews_->Withdraw(review_, waiting_); }

 private:
  const std::shared_ptr<PendingReviews> reviews_;
  const ReviewPtr review_;
  const Callbacks::iterator waiting_;  // valid until the review is closed
};

void PendingReviews::Answer::Deliver() {
  for (CallerCallback& done : callbacks) {
    std::move(done)(verdict);
  }
}

PendingReviews::PendingReviews(AuthenticatorOptions options, std::size_t reviewers,
                               const Clock& clock, Random& random)
    : options_(std::move(options)),
      clock_(clock),
      hasher_(random),
      refusals_(options_.refusals_per_account, options_.refusals_per_address, clock),
      verdicts_(options_.most_accepted, options_.most_refused),
      failing_(reviewers) {}

const Secret& PendingReviews::TokenOf(const Review& review) { return review.token; }

std::optional<CallerVerdict> PendingReviews::TryIdentify(std::string_view token) {
  const TokenDigest digest = hasher_.Hash(token);
  {
    MutexLock lock(mutex_);
    if (std::optional<CallerVerdict> known = verdicts_.Find(digest, clock_.Now())) {
      return known;
    }
  }
  const absl::StatusOr<TokenClaims> claims = ReadTokenClaims(token);
  return claims.ok() ? std::nullopt : std::optional<CallerVerdict>(claims.status());
}

std::unique_ptr<PendingCaller> PendingReviews::Identify(std::string_view token,
                                                        std::string_view counted_as,
                                                        CallerCallback done) {
  const absl::StatusOr<TokenClaims> claims = ReadTokenClaims(token);
  if (!claims.ok()) {
    std::move(done)(claims.status());
    return std::make_unique<PendingCaller>();
  }
  const Question question = {token, hasher_.Hash(token), claims->expires_at,
                             SourceOf(counted_as, claims->subject)};
  Answer displaced = {{}, TooManyWait()};
  std::optional<CallerVerdict> answer;
  std::unique_ptr<PendingCaller> caller;
  {
    MutexLock lock(mutex_);
    answer = verdicts_.Find(question.digest, clock_.Now());
    if (!answer.has_value()) {
      absl::StatusOr<ReviewPtr> review = ReviewFor(question, displaced);
      if (review.ok()) {
        Callbacks& waiting = (*review)->waiting;
        const auto place = waiting.insert(waiting.end(), std::exchange(done, nullptr));
        caller = std::make_unique<Caller>(shared_from_this(), *std::move(review), place);
      } else {
        answer = review.status();
      }
    }
  }
  displaced.Deliver();
  if (caller == nullptr) {
    std::move(done)(*std::move(answer));
    caller = std::make_unique<PendingCaller>();
  }
  return caller;
}

TokenSource PendingReviews::SourceOf(std::string_view counted_as, std::string_view subject) const {
  // Hashed, since the claim is as long as its sender likes. No address has a space.
  const TokenDigest account = hasher_.Hash(StrCat(counted_as, " ", subject));
  return {std::string(counted_as), std::string(account.begin(), account.end())};
}

absl::StatusOr<PendingReviews::ReviewPtr> PendingReviews::ReviewFor(const Question& question,
                                                                    Answer& displaced) {
  if (auto it = in_flight_.find(question.digest); it != in_flight_.end()) {
    return it->second;
  }
  if (stopping_) {
    return CannotAsk();
  }
  const std::string& address = question.source.address;
  const bool trusted = verdicts_.WasAccepted(question.digest, clock_.Now() - options_.trusted_for);
  const auto priority =
      trusted ? FairQueue<ReviewPtr>::Priority::kUrgent : FairQueue<ReviewPtr>::Priority::kNormal;
  if (trusted) {
    if (queue_.UrgentSize(address) >= options_.max_trusted_waiting_per_address) {
      return TooManyWait();
    }
  } else if (absl::Status limited = CheckLimits(question.source); !limited.ok()) {
    return limited;
  }
  if (queue_.size() >= options_.max_waiting) {
    const std::optional<ReviewPtr> dropped = queue_.MakeRoom(address, priority);
    if (!dropped.has_value()) {
      return TooManyWait();
    }
    displaced.callbacks.splice(displaced.callbacks.end(), Close(**dropped));
  }
  auto review = std::make_shared<Review>();
  review->digest = question.digest;
  review->token = Secret(question.token);
  review->expires_at = question.expires_at;
  review->source = question.source;
  review->trusted = trusted;
  in_flight_.emplace(question.digest, review);
  queue_.Push(address, review, priority);
  queued_.notify_one();
  return review;
}

absl::Status PendingReviews::CheckLimits(const TokenSource& source) const {
  if (const absl::Duration wait = refusals_.TimeUntilNext(source); wait > absl::ZeroDuration()) {
    return TooManyRefused(wait);
  }
  const auto of_same_account = [&source](const ReviewPtr& review) {
    return review->source.account == source.account;
  };
  if (queue_.NormalSize(source.address) >= options_.max_waiting_per_address ||
      queue_.CountNormal(source.address, of_same_account) >= options_.max_waiting_per_account) {
    return TooManyWait();
  }
  return absl::OkStatus();
}

void PendingReviews::Withdraw(const ReviewPtr& review, Callbacks::iterator waiting) {
  Callbacks withdrawn;  // destroyed after the lock is released
  MutexLock lock(mutex_);
  if (review->closed) {
    return;
  }
  withdrawn.splice(withdrawn.end(), review->waiting, waiting);
  if (review->waiting.empty() && !review->begun) {
    queue_.Remove(review->source.address, review);
    Close(*review);
  }
}

PendingReviews::ReviewPtr PendingReviews::Next() {
  for (;;) {
    Answer refused = {{}, CannotAsk()};
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) {
        queued_.wait(mutex_);
      }
      if (stopping_) {
        return nullptr;
      }
      ReviewPtr next = *queue_.Pop();
      // Taken now and given back unless the token is refused: reviews that run at the same time
      // never exceed the budget together.
      const absl::Duration wait =
          next->trusted ? absl::ZeroDuration() : refusals_.Take(next->source);
      if (wait <= absl::ZeroDuration()) {
        next->begun = true;
        return next;
      }
      refused = {Close(*next), TooManyRefused(wait)};
    }
    refused.Deliver();
  }
}

void PendingReviews::Finish(Review& review, std::size_t reviewer, const Principal& principal,
                            BootTime asked_at) {
  Answer answer = {{}, CannotAsk()};
  bool news = false;
  {
    MutexLock lock(mutex_);
    const bool refused = IsRefusal(principal.status());
    if (principal.ok() || refused) {
      answer.verdict = Remember(review, principal, asked_at);
    } else {
      news = !stopping_ && IsNews(ToStd(principal.status().message()));
    }
    Charge(review, refused);
    answer.callbacks = Close(review);
    failing_[reviewer] = principal.status().code() == absl::StatusCode::kUnavailable;
    // One reviewer's failure says nothing of the others' connections. Once all of them have failed,
    // what waits would fail one after the other.
    if (failing_[reviewer] && NoReviewerGetsAnswers()) {
      answer.callbacks.splice(answer.callbacks.end(), CloseAllQueued());
    }
  }
  if (news) {
    options_.on_failure(ToStd(principal.status().message()));
  }
  answer.Deliver();
}

void PendingReviews::Stop() {
  Answer answer = {{}, CannotAsk()};
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    answer.callbacks = CloseAllQueued();
    queued_.notify_all();
  }
  answer.Deliver();
}

CallerVerdict PendingReviews::Remember(const Review& review, const Principal& principal,
                                       BootTime asked_at) {
  if (!principal.ok()) {
    verdicts_.Refuse(review.digest, principal.status(), asked_at + options_.refused_for);
    return principal.status();
  }
  BootTime good_until = asked_at + options_.accepted_for;
  if (review.expires_at.has_value()) {
    good_until = std::min(good_until, clock_.Now() + (*review.expires_at - clock_.WallNow()));
  }
  VerifiedCaller caller = {*principal, good_until, review.expires_at};
  verdicts_.Accept(review.digest, caller);
  return caller;
}

void PendingReviews::Charge(const Review& review, bool refused) {
  if (!review.trusted && !refused) {
    refusals_.GiveBack(review.source);
  } else if (review.trusted && refused) {
    refusals_.Charge(review.source);
  }
}

PendingReviews::Callbacks PendingReviews::Close(Review& review) {
  review.closed = true;
  in_flight_.erase(review.digest);
  return std::move(review.waiting);
}

PendingReviews::Callbacks PendingReviews::CloseAllQueued() {
  Callbacks all;
  while (const std::optional<ReviewPtr> next = queue_.Pop()) {
    all.splice(all.end(), Close(**next));
  }
  return all;
}

bool PendingReviews::NoReviewerGetsAnswers() const {
  return std::all_of(failing_.begin(), failing_.end(), [](bool failing) { return failing; });
}

bool PendingReviews::IsNews(std::string_view failure) {
  const BootTime now = clock_.Now();
  const absl::Duration silence = failure == reported_ ? kReportEvery : kReportChangeAfter;
  if (reported_at_.has_value() && now < *reported_at_ + silence) {
    return false;
  }
  reported_ = std::string(failure);
  reported_at_ = now;
  return true;
}

}  // namespace credential_broker::identity
