#include "identity/token_authenticator.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "core/reason.h"
#include "core/secret.h"
#include "core/strings.h"
#include "identity/bearer_token.h"

namespace credential_broker::identity {
namespace {

constexpr absl::Duration kReportEvery = absl::Minutes(1);
constexpr absl::Duration kRetryAfter = absl::Seconds(1);

absl::Status CannotAsk() {
  return MakeError(Reason::kUpstreamUnavailable,
                   "the Kubernetes API server cannot be asked about the bearer token now, see the "
                   "broker's log; try again",
                   kRetryAfter, {{"upstream", "kubernetes"}});
}

bool IsRefusal(const absl::StatusOr<std::string>& verdict) {
  return verdict.status().code() == absl::StatusCode::kUnauthenticated;
}

// The address without its port: a peer must not have a limit for each of its connections.
std::string_view HostOf(std::string_view address) {
  return address.substr(0, std::min(address.rfind(':'), address.size()));
}

}  // namespace

// One token that is asked about, and the calls that wait for the answer.
struct TokenAuthenticator::Review {
  TokenDigest digest;
  Secret token;
  std::optional<absl::Time> expires_at;  // by the token itself
  std::string host;                      // who asked first
  // Guarded by the authenticator's mutex_:
  Callbacks waiting;
  bool begun = false;
  bool closed = false;  // those who waited are being told
};

class TokenAuthenticator::Pending final : public PendingCaller {
 public:
  Pending(TokenAuthenticator& owner, ReviewPtr review, Callbacks::iterator waiting)
      : owner_(owner), review_(std::move(review)), waiting_(waiting) {}
  ~Pending() override {
    if (review_ != nullptr) {
      owner_.Withdraw(*review_, waiting_);
    }
  }

 private:
  TokenAuthenticator& owner_;
  const ReviewPtr review_;  // null: answered at once
  const Callbacks::iterator waiting_;
};

TokenAuthenticator::TokenAuthenticator(AuthenticatorOptions options, const Clock& clock,
                                       Random& random)
    : options_(std::move(options)),
      clock_(clock),
      hasher_(random),
      refusals_(options_.refusals_per_address, clock),
      accepted_(options_.most_accepted),
      refused_(options_.most_refused) {}

absl::StatusOr<std::unique_ptr<TokenAuthenticator>> TokenAuthenticator::Start(
    std::vector<std::unique_ptr<TokenReviewer>> reviewers, AuthenticatorOptions options,
    const Clock& clock, Random& random) {
  std::unique_ptr<TokenAuthenticator> self(
      new TokenAuthenticator(std::move(options), clock, random));
  self->reviewers_ = std::move(reviewers);
  try {
    for (const auto& reviewer : self->reviewers_) {
      self->threads_.emplace_back([owner = self.get(), &reviewer] { owner->Run(*reviewer); });
    }
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(StrCat("no thread for reviews of ServiceAccount tokens (",
                                               error.what(), "); raise the limit of processes"));
  }
  return self;
}

TokenAuthenticator::~TokenAuthenticator() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    queued_.notify_all();
  }
  for (const auto& reviewer : reviewers_) {
    reviewer->Cancel();
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

std::optional<absl::StatusOr<std::string>> TokenAuthenticator::TryIdentify(std::string_view token) {
  const TokenDigest digest = hasher_.Hash(token);
  {
    MutexLock lock(mutex_);
    if (std::optional<Verdict> known = Known(digest)) {
      return known;
    }
  }
  const absl::StatusOr<TokenClaims> claims = ReadTokenClaims(token);
  return claims.ok() ? std::nullopt : std::optional<Verdict>(claims.status());
}

std::unique_ptr<PendingCaller> TokenAuthenticator::Identify(std::string_view token,
                                                            std::string_view peer_address,
                                                            CallerCallback done) {
  std::optional<Verdict> answer = TryIdentify(token);
  if (!answer.has_value()) {
    const TokenDigest digest = hasher_.Hash(token);
    MutexLock lock(mutex_);
    answer = Known(digest);
    if (!answer.has_value()) {
      absl::StatusOr<ReviewPtr> review = ReviewFor(digest, token, HostOf(peer_address));
      if (review.ok()) {
        Callbacks& waiting = (*review)->waiting;
        const auto place = waiting.insert(waiting.end(), std::move(done));
        return std::make_unique<Pending>(*this, *std::move(review), place);
      }
      answer = review.status();
    }
  }
  std::move(done)(*std::move(answer));
  return std::make_unique<Pending>(*this, nullptr, Callbacks::iterator());
}

std::optional<TokenAuthenticator::Verdict> TokenAuthenticator::Known(const TokenDigest& digest) {
  const BootTime now = clock_.Now();
  std::optional<Verdict> known = accepted_.Find(digest, now);
  return known.has_value() ? known : refused_.Find(digest, now);
}

absl::StatusOr<TokenAuthenticator::ReviewPtr> TokenAuthenticator::ReviewFor(
    const TokenDigest& digest, std::string_view token, std::string_view host) {
  if (auto it = in_flight_.find(digest); it != in_flight_.end()) {
    return it->second;
  }
  if (stopping_ || queue_.size() >= options_.most_waiting) {
    return CannotAsk();
  }
  if (const absl::Duration wait = refusals_.Take(host); wait > absl::ZeroDuration()) {
    return MakeError(Reason::kCallerRateLimited,
                     "too many bearer tokens from this address were refused; send a good one later",
                     absl::Ceil(wait, absl::Milliseconds(1)));
  }
  auto review = std::make_shared<Review>();
  review->digest = digest;
  review->token = Secret(token);
  review->host = std::string(host);
  if (const absl::StatusOr<TokenClaims> claims = ReadTokenClaims(token); claims.ok()) {
    review->expires_at = claims->expires_at;
  }
  in_flight_.emplace(digest, review);
  queue_.push_back(review);
  queued_.notify_one();
  return review;
}

void TokenAuthenticator::Withdraw(Review& review, Callbacks::iterator waiting) {
  Callbacks withdrawn;  // its destructor may come back here, so not under the lock
  MutexLock lock(mutex_);
  if (review.closed) {
    return;
  }
  withdrawn.splice(withdrawn.end(), review.waiting, waiting);
  if (review.waiting.empty() && !review.begun) {
    refusals_.GiveBack(review.host);
    Close(review);
  }
}

void TokenAuthenticator::Run(TokenReviewer& reviewer) {
  while (const ReviewPtr review = NextReview()) {
    const BootTime asked_at = clock_.Now();
    Finish(*review, reviewer.Review(review->token), asked_at);
  }
}

TokenAuthenticator::ReviewPtr TokenAuthenticator::NextReview() {
  MutexLock lock(mutex_);
  while (queue_.empty() && !stopping_) {
    queued_.wait(mutex_);
  }
  if (stopping_) {
    return nullptr;
  }
  ReviewPtr next = std::move(queue_.front());
  queue_.pop_front();
  next->begun = true;
  return next;
}

void TokenAuthenticator::Finish(Review& review, const Verdict& verdict, BootTime asked_at) {
  Callbacks told;
  Verdict answer = verdict;
  bool news = false;
  {
    MutexLock lock(mutex_);
    if (verdict.ok() || IsRefusal(verdict)) {
      Remember(review, verdict, asked_at);
      reported_.clear();
    } else {
      answer = CannotAsk();
      news = !stopping_ && IsNews(ToStd(verdict.status().message()));
    }
    if (!IsRefusal(verdict)) {
      refusals_.GiveBack(review.host);
    }
    told = Close(review);
    // What waits would fare no better, and one after the other of them would wait in vain.
    while (verdict.status().code() == absl::StatusCode::kUnavailable && !queue_.empty()) {
      const ReviewPtr next = queue_.front();
      refusals_.GiveBack(next->host);
      told.splice(told.end(), Close(*next));
    }
  }
  if (news) {
    options_.on_failure(ToStd(verdict.status().message()));
  }
  for (CallerCallback& done : told) {
    std::move(done)(answer);
  }
}

void TokenAuthenticator::Remember(const Review& review, const Verdict& verdict, BootTime asked_at) {
  if (!verdict.ok()) {
    refused_.Put(review.digest, verdict, asked_at + options_.refused_for);
    return;
  }
  BootTime good_until = asked_at + options_.accepted_for;
  if (review.expires_at.has_value()) {
    good_until = std::min(good_until, clock_.Now() + (*review.expires_at - clock_.WallNow()));
  }
  accepted_.Put(review.digest, verdict, good_until);
}

TokenAuthenticator::Callbacks TokenAuthenticator::Close(Review& review) {
  review.closed = true;
  in_flight_.erase(review.digest);
  queue_.remove_if([&review](const ReviewPtr& queued) { return queued.get() == &review; });
  return std::move(review.waiting);
}

bool TokenAuthenticator::IsNews(std::string_view failure) {
  const BootTime now = clock_.Now();
  if (failure == reported_ && now < report_again_at_) {
    return false;
  }
  reported_ = std::string(failure);
  report_again_at_ = now + kReportEvery;
  return true;
}

}  // namespace credential_broker::identity
