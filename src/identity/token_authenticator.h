#ifndef CREDENTIAL_BROKER_IDENTITY_TOKEN_AUTHENTICATOR_H_
#define CREDENTIAL_BROKER_IDENTITY_TOKEN_AUTHENTICATOR_H_

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/clock.h"
#include "core/keyed_rate_limiter.h"
#include "core/mutex.h"
#include "core/random.h"
#include "identity/caller_tokens.h"
#include "identity/token_digest.h"
#include "identity/token_reviewer.h"
#include "identity/verdict_cache.h"

namespace credential_broker::identity {

struct AuthenticatorOptions {
  // A token that was accepted is so for that long after it was asked about, but not beyond its own
  // `exp`: a ServiceAccount that is deleted has no access after it.
  absl::Duration accepted_for = absl::Seconds(10);
  absl::Duration refused_for = absl::Seconds(5);
  std::size_t most_accepted = 16'384;
  // Apart, so that who sends garbage does not push out what is good.
  std::size_t most_refused = 4096;
  std::size_t most_waiting = 128;  // reviews that wait for a reviewer
  // Of one IP address: reviews that end in a refusal.
  RateLimit refusals_per_address = {.per_second = 5, .burst = 50};
  // Why a review could not be made, for the operator: once a minute, or when it is another reason.
  // Thread-safe; must not call back.
  std::function<void(std::string_view error)> on_failure = [](std::string_view) {};
};

// Tells whose a bearer token is by asking reviewers, each on a thread of its own, and remembers it
// for seconds. However many calls come with one token, one review of it is in flight. A token that
// cannot be asked about is not let in.
class TokenAuthenticator final : public CallerTokens {
 public:
  // `clock` and `random` outlive it. Fails with RESOURCE_EXHAUSTED where no thread can be had.
  static absl::StatusOr<std::unique_ptr<TokenAuthenticator>> Start(
      std::vector<std::unique_ptr<TokenReviewer>> reviewers, AuthenticatorOptions options,
      const Clock& clock, Random& random = SystemRandom());

  // Cancels reviews and joins the threads.
  ~TokenAuthenticator() override;

  std::optional<absl::StatusOr<std::string>> TryIdentify(std::string_view token) override;
  std::unique_ptr<PendingCaller> Identify(std::string_view token, std::string_view peer_address,
                                          CallerCallback done) override;

 private:
  class Pending;
  struct Review;
  using ReviewPtr = std::shared_ptr<Review>;
  using Verdict = absl::StatusOr<std::string>;
  using Callbacks = std::list<CallerCallback>;

  TokenAuthenticator(AuthenticatorOptions options, const Clock& clock, Random& random);

  void Run(TokenReviewer& reviewer);
  // The next review to make; null: the end.
  ReviewPtr NextReview();
  // Remembers the verdict and tells it to those who wait.
  void Finish(Review& review, const Verdict& verdict, BootTime asked_at);
  void Remember(const Review& review, const Verdict& verdict, BootTime asked_at)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes the review out of what is in flight, and with it those who wait.
  Callbacks Close(Review& review) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsNews(std::string_view failure) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Verdict> Known(const TokenDigest& digest) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The review of that token to wait for, one in flight or a new one.
  absl::StatusOr<ReviewPtr> ReviewFor(const TokenDigest& digest, std::string_view token,
                                      std::string_view host) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Withdraw(Review& review, Callbacks::iterator waiting);

  const AuthenticatorOptions options_;
  const Clock& clock_;
  const TokenHasher hasher_;
  KeyedRateLimiter refusals_;

  Mutex mutex_;
  std::condition_variable_any queued_;
  VerdictCache accepted_ ABSL_GUARDED_BY(mutex_);
  VerdictCache refused_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<TokenDigest, ReviewPtr, TokenDigestHash> in_flight_ ABSL_GUARDED_BY(mutex_);
  std::list<ReviewPtr> queue_ ABSL_GUARDED_BY(mutex_);  // those of in_flight_ that have not begun
  std::string reported_ ABSL_GUARDED_BY(mutex_);        // the failure that was reported last
  BootTime report_again_at_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::vector<std::unique_ptr<TokenReviewer>> reviewers_;
  std::vector<std::thread> threads_;
};

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_TOKEN_AUTHENTICATOR_H_
