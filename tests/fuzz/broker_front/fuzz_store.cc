#include "broker_front/fuzz_store.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "core/reason.h"
#include "identity/principal.h"

namespace credential_broker::service {

class FuzzCredential::Pending : public PendingQuery {
 public:
  explicit Pending(std::shared_ptr<Waiting> query) : query_(std::move(query)) {}
  ~Pending() override { query_->done = nullptr; }

 private:
  std::shared_ptr<Waiting> query_;
};

FuzzCredential::FuzzCredential(std::string name, const FakeClock& clock)
    : name_(std::move(name)), clock_(clock) {}

void FuzzCredential::Renew(absl::Duration lifetime) {
  auto token = std::make_shared<Token>();
  token->version = StrCat(name_, "-", ++renewals_);
  token->value = Secret(StrCat("token-", token->version));
  token->token_type = "Bearer";
  token->lifetime = lifetime;
  token->expires_at = clock_.Now() + lifetime;
  token->usable_until = clock_.Now() + lifetime * 0.9;
  token->refresh_at = clock_.Now() + lifetime / 2;
  token->expire_time = clock_.WallNow() + lifetime;
  token->refresh_time = clock_.WallNow() + lifetime / 2;
  token_ = std::move(token);
  failure_.reset();
  AnswerWaiting();
  Announce();
}

void FuzzCredential::Fail(Reason reason) {
  failure_ = reason;
  AnswerWaiting();
  Announce();
}

std::size_t FuzzCredential::waiting() const {
  return static_cast<std::size_t>(std::count_if(
      waiting_.begin(), waiting_.end(), [](const auto& query) { return query->done != nullptr; }));
}

void FuzzCredential::Expire() { AnswerWaiting(); }

void FuzzCredential::AnswerWaiting() {
  // A callback may begin another query.
  Queries queries;
  queries.swap(waiting_);
  for (const std::shared_ptr<Waiting>& query : queries) {
    if (query->done == nullptr) {
      continue;
    }
    std::optional<absl::StatusOr<TokenPtr>> known = TryGet(query->query);
    if (!known.has_value() && query->query.give_up_at <= clock_.Now()) {
      known = MakeError(Reason::kTokenNotReady, "no token yet", absl::Seconds(1));
    }
    if (known.has_value()) {
      std::move(std::exchange(query->done, nullptr))(*std::move(known));
    } else {
      waiting_.push_back(query);
    }
  }
}

void FuzzCredential::Announce() {
  for (const std::weak_ptr<Watcher>& weak : std::vector(watchers_)) {
    if (const std::shared_ptr<Watcher> watcher = weak.lock()) {
      watcher->on_change();
    }
  }
  std::erase_if(watchers_, [](const auto& watcher) { return watcher.expired(); });
}

std::optional<absl::StatusOr<TokenPtr>> FuzzCredential::TryGet(const TokenQuery& query) {
  const BootTime now = clock_.Now();
  if (token_ != nullptr && token_->UsableAt(now) && token_->version != query.rejected_version &&
      token_->expires_at - now >= query.min_validity) {
    return token_;
  }
  if (failure_.has_value()) {
    return MakeError(*failure_, "the attempt failed", absl::Seconds(1));
  }
  return std::nullopt;
}

std::unique_ptr<PendingQuery> FuzzCredential::Wait(TokenQuery query, TokenCallback done) {
  auto waiting = std::make_shared<Waiting>(Waiting{std::move(query), std::move(done)});
  waiting_.push_back(waiting);
  return std::make_unique<Pending>(std::move(waiting));
}

CredentialView FuzzCredential::View() const {
  CredentialView view;
  view.status.name = name_;
  view.status.last_error = failure_;
  view.status.state =
      failure_.has_value() ? CredentialState::kUnavailable : CredentialState::kPending;
  if (token_ != nullptr && token_->UsableAt(clock_.Now())) {
    view.token = token_;
    view.status.state = failure_.has_value() ? CredentialState::kDegraded : CredentialState::kReady;
    view.status.version = token_->version;
    view.status.expire_time = token_->expire_time;
    view.status.next_refresh_time = token_->refresh_time;
  }
  return view;
}

std::shared_ptr<CredentialWatch> FuzzCredential::Watch(std::function<void()> on_change) {
  auto watcher = std::make_shared<Watcher>();
  watcher->on_change = std::move(on_change);
  watchers_.push_back(watcher);
  return watcher;
}

std::unique_ptr<PendingQuery> FuzzCredential::Refresh(TokenCallback done) {
  TokenQuery query;
  query.rejected_version = token_ == nullptr ? "" : token_->version;
  query.give_up_at = clock_.Now() + absl::Seconds(10);
  return Wait(std::move(query), std::move(done));
}

class FuzzTokens::Pending : public identity::PendingCaller {
 public:
  Pending(FuzzTokens& owner, std::shared_ptr<Waiting> review)
      : owner_(owner), review_(std::move(review)) {}
  ~Pending() override {
    review_->done = nullptr;
    owner_.waiting_.remove(review_);
  }

 private:
  FuzzTokens& owner_;
  std::shared_ptr<Waiting> review_;
};

identity::CallerVerdict FuzzTokens::Verified(std::string_view principal) const {
  return identity::VerifiedCaller{std::string(principal), clock_.Now() + absl::Seconds(10),
                                  std::nullopt};
}

void FuzzTokens::Decide(bool good) {
  std::list<std::shared_ptr<Waiting>> reviews;
  reviews.swap(waiting_);
  for (const std::shared_ptr<Waiting>& review : reviews) {
    if (review->done != nullptr) {
      std::move(std::exchange(review->done, nullptr))(
          good ? Verified(kAccountB) : identity::Unauthenticated("the token is not good"));
    }
  }
}

std::optional<identity::CallerVerdict> FuzzTokens::TryIdentify(std::string_view token) {
  if (token == "a.a.a" && good_) {
    return Verified(kAccountA);
  }
  if (token == "b.b.b") {
    return Verified(kAccountB);
  }
  if (token == "bad" || token == "a.a.a") {
    return identity::Unauthenticated("the token is not good");
  }
  return std::nullopt;
}

std::unique_ptr<identity::PendingCaller> FuzzTokens::Identify(std::string_view, std::string_view,
                                                              identity::CallerCallback done) {
  auto review = std::make_shared<Waiting>(Waiting{std::move(done)});
  waiting_.push_back(review);
  return std::make_unique<Pending>(*this, std::move(review));
}

}  // namespace credential_broker::service
