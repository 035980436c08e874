#ifndef CREDENTIAL_BROKER_IDENTITY_TOKEN_AUTHENTICATOR_H_
#define CREDENTIAL_BROKER_IDENTITY_TOKEN_AUTHENTICATOR_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/random.h"
#include "identity/caller_tokens.h"
#include "identity/pending_reviews.h"
#include "identity/token_reviewer.h"

namespace credential_broker::identity {

// Identifies callers by their bearer tokens with the help of reviewers, each on a thread of its
// own, and remembers the verdicts for seconds (see PendingReviews). Without a verdict a token is
// not accepted. Thread-safe.
class TokenAuthenticator final : public CallerTokens {
 public:
  // `clock` outlives the authenticator. Fails with RESOURCE_EXHAUSTED where no thread can be had.
  static absl::StatusOr<std::unique_ptr<TokenAuthenticator>> Start(
      std::vector<std::unique_ptr<TokenReviewer>> reviewers, AuthenticatorOptions options,
      const Clock& clock, Random& random = SystemRandom());

  // Cancels reviews, answers the calls that wait and joins the threads.
  ~TokenAuthenticator() override;

  std::optional<CallerVerdict> TryIdentify(std::string_view token) override {
    return reviews_->TryIdentify(token);
  }
  std::unique_ptr<PendingCaller> Identify(std::string_view token, std::string_view counted_as,
                                          CallerCallback done) override {
    return reviews_->Identify(token, counted_as, std::move(done));
  }

 private:
  TokenAuthenticator(std::shared_ptr<PendingReviews> reviews,
                     std::vector<std::unique_ptr<TokenReviewer>> reviewers, const Clock& clock);

  void Run(std::size_t reviewer);

  const std::shared_ptr<PendingReviews> reviews_;
  const std::vector<std::unique_ptr<TokenReviewer>> reviewers_;
  const Clock& clock_;
  std::vector<std::thread> threads_;
};

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_TOKEN_AUTHENTICATOR_H_
