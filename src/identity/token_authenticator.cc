#include "identity/token_authenticator.h"

#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "base/strings.h"

namespace credential_broker::identity {

TokenAuthenticator::TokenAuthenticator(std::shared_ptr<PendingReviews> reviews,
                                       std::vector<std::unique_ptr<TokenReviewer>> reviewers,
                                       const Clock& clock)
    : reviews_(std::move(reviews)), reviewers_(std::move(reviewers)), clock_(clock) {}

absl::StatusOr<std::unique_ptr<TokenAuthenticator>> TokenAuthenticator::Start(
    std::vector<std::unique_ptr<TokenReviewer>> reviewers, AuthenticatorOptions options,
    const Clock& clock, Random& random) {
  auto reviews =
      std::make_shared<PendingReviews>(std::move(options), reviewers.size(), clock, random);
  std::unique_ptr<TokenAuthenticator> self(
      new TokenAuthenticator(std::move(reviews), std::move(reviewers), clock));
  try {
    for (std::size_t i = 0; i < self->reviewers_.size(); ++i) {
      self->threads_.emplace_back([owner = self.get(), i] { owner->Run(i); });
    }
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(StrCat("no thread for reviews of ServiceAccount tokens (",
                                               error.what(), "); raise the limit of processes"));
  }
  return self;
}

TokenAuthenticator::~TokenAuthenticator() {
  reviews_->Stop();
  for (const auto& reviewer : reviewers_) {
    reviewer->Cancel();
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void TokenAuthenticator::Run(std::size_t reviewer) {
  while (const PendingReviews::ReviewPtr review = reviews_->Next()) {
    const BootTime asked_at = clock_.Now();
    const PendingReviews::Principal principal =
        reviewers_[reviewer]->Review(PendingReviews::TokenOf(*review));
    reviews_->Finish(*review, reviewer, principal, asked_at);
  }
}

}  // namespace credential_broker::identity
