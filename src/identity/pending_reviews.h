#ifndef CREDENTIAL_BROKER_IDENTITY_PENDING_REVIEWS_H_
#define CREDENTIAL_BROKER_IDENTITY_PENDING_REVIEWS_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/keyed_rate_limiter.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/secret.h"
#include "identity/caller_tokens.h"
#include "identity/fair_queue.h"
#include "identity/refusal_budget.h"
#include "identity/token_digest.h"
#include "identity/token_verdicts.h"

namespace credential_broker::identity {

struct AuthenticatorOptions {
  // An accepted token is valid for that long after the review was sent, but not beyond its own
  // `exp`: a ServiceAccount that is deleted has no access after it.
  absl::Duration accepted_for = absl::Seconds(10);
  absl::Duration refused_for = absl::Seconds(5);
  // A token that was accepted within that time is reviewed again whatever its address sends.
  absl::Duration trusted_for = absl::Hours(1);
  std::size_t most_accepted = 16'384;
  // Apart, so that garbage does not push out what is good.
  std::size_t most_refused = 4096;
  // Reviews that wait for a reviewer: in all, of tokens of one address that were accepted lately,
  // of its new tokens, and of those of them that claim to be of one account.
  std::size_t max_waiting = 512;
  std::size_t max_trusted_waiting_per_address = 64;
  std::size_t max_waiting_per_address = 32;
  std::size_t max_waiting_per_account = 8;
  // Reviews that end in a refusal, of one claimed account at an address and of the address as a
  // whole.
  RateLimit refusals_per_account = {.per_second = 5, .burst = 50};
  RateLimit refusals_per_address = {.per_second = 20, .burst = 200};
  // Receives why a review could not be made: at most once a minute, or once in 10 s when the reason
  // changes, whatever succeeds in between. Thread-safe; must not call back.
  std::function<void(std::string_view error)> on_failure = [](std::string_view) {};
};

// The reviews of bearer tokens that are to be made, the calls that wait for them and the verdicts
// so far. Reviewers' threads take reviews with Next and report them with Finish. However many calls
// come with one token, one review of it is in flight. Thread-safe.
//
// What one address sends costs others nothing: each address has a line of its own and the lines
// take turns; when the queue is full the longest line loses its newest review. Within an address,
// refused tokens are charged to a budget of the account that they claim to be of (`sub`), and to a
// larger one of the address. While one of the two is used up, only those of its tokens that were
// accepted lately are reviewed; they also go first.
//
// Owned by shared_ptr: a PendingCaller keeps it alive.
class PendingReviews : public std::enable_shared_from_this<PendingReviews> {
 public:
  // What a reviewer returned: a principal, or why there is none (see TokenReviewer).
  using Principal = absl::StatusOr<std::string>;
  class Review;
  using ReviewPtr = std::shared_ptr<Review>;

  // `clock` outlives the TokenAuthenticator. `reviewers`: how many threads call Next.
  PendingReviews(AuthenticatorOptions options, std::size_t reviewers, const Clock& clock,
                 Random& random);

  // As CallerTokens' functions of the same names.
  std::optional<CallerVerdict> TryIdentify(std::string_view token);
  std::unique_ptr<PendingCaller> Identify(std::string_view token, std::string_view counted_as,
                                          CallerCallback done);

  // Blocks until there is a review to make; null after Stop.
  ReviewPtr Next();

  // Returns the token to review.
  static const Secret& TokenOf(const Review& review);

  // Remembers what `reviewer` (0, 1, …) returned for a review of Next, and calls the callbacks that
  // wait for it.
  void Finish(Review& review, std::size_t reviewer, const Principal& principal, BootTime asked_at);

  // Answers the calls that wait with UPSTREAM_UNAVAILABLE, and all later ones that need a review.
  void Stop();

 private:
  class Caller;
  using Callbacks = std::list<CallerCallback>;
  // Callbacks run, and are destroyed, without the lock: they may come back here.
  struct Answer {
    Callbacks callbacks;
    CallerVerdict verdict;

    void Deliver();
  };

  // A token that a call came with.
  struct Question {
    std::string_view token;
    TokenDigest digest;
    std::optional<absl::Time> expires_at;  // by the token itself
    TokenSource source;
  };

  TokenSource SourceOf(std::string_view counted_as, std::string_view subject) const;
  // Returns the review of that token to wait for, one in flight or a new one. A review that lost
  // its place to it is added to `displaced`.
  absl::StatusOr<ReviewPtr> ReviewFor(const Question& question, Answer& displaced)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Returns why no new token of `source` is reviewed now; OK: it is.
  absl::Status CheckLimits(const TokenSource& source) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  CallerVerdict Remember(const Review& review, const Principal& principal, BootTime asked_at)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Gives back or takes what the review's source owes for it.
  void Charge(const Review& review, bool refused) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Removes the review from what is in flight, and returns the callbacks that wait for it.
  Callbacks Close(Review& review) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Callbacks CloseAllQueued() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool NoReviewerGetsAnswers() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsNews(std::string_view failure) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Withdraw(const ReviewPtr& review, Callbacks::iterator waiting);

  const AuthenticatorOptions options_;
  const Clock& clock_;
  const TokenHasher hasher_;
  RefusalBudget refusals_;

  Mutex mutex_;
  std::condition_variable_any queued_;
  TokenVerdicts verdicts_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<TokenDigest, ReviewPtr, TokenDigestHash> in_flight_ ABSL_GUARDED_BY(mutex_);
  FairQueue<ReviewPtr> queue_ ABSL_GUARDED_BY(mutex_);  // those of in_flight_ that have not begun
  // Of each reviewer: whether its last review got no response.
  std::vector<bool> failing_ ABSL_GUARDED_BY(mutex_);
  std::string reported_ ABSL_GUARDED_BY(mutex_);  // the last failure reported
  std::optional<BootTime> reported_at_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_PENDING_REVIEWS_H_
