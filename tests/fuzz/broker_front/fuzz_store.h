#ifndef CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_FUZZ_STORE_H_
#define CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_FUZZ_STORE_H_

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/credential.h"
#include "identity/caller_tokens.h"
#include "support/fake_clock.h"

namespace credential_broker::service {

// A credential whose tokens come and go as the input of a fuzzer says. Keeps the contract of
// Credential, on one thread.
class FuzzCredential final : public Credential {
 public:
  // `clock` outlives the credential.
  FuzzCredential(std::string name, const FakeClock& clock);

  // The next token: its value is "token-NAME-N", and its version NAME-N.
  void Renew(absl::Duration lifetime);
  // Attempts fail from now on, until Renew; the token stays while it is usable.
  void Fail(Reason reason);
  // Answers the queries whose patience has ended.
  void Expire();
  // Queries that have neither been answered nor withdrawn.
  std::size_t waiting() const;

  std::optional<absl::StatusOr<TokenPtr>> TryGet(const TokenQuery& query) override;
  std::unique_ptr<PendingQuery> Wait(TokenQuery query, TokenCallback done) override;
  CredentialStatus Status() const override { return View().status; }
  CredentialView View() const override;
  std::shared_ptr<CredentialWatch> Watch(std::function<void()> on_change) override;
  std::unique_ptr<PendingQuery> Refresh(TokenCallback done) override;

 private:
  struct Waiting {
    TokenQuery query;
    TokenCallback done;  // null: it has been called, or withdrawn
  };
  using Queries = std::list<std::shared_ptr<Waiting>>;
  class Pending;
  struct Watcher : CredentialWatch {
    std::function<void()> on_change;
  };

  void AnswerWaiting();
  void Announce();

  const std::string name_;
  const FakeClock& clock_;
  int renewals_ = 0;
  TokenPtr token_;  // may have expired
  std::optional<Reason> failure_;
  Queries waiting_;
  std::vector<std::weak_ptr<Watcher>> watchers_;
};

// Verdicts on bearer tokens: "a.a.a" and "b.b.b" are known to be of accounts, "bad" to be of none,
// and any other token waits for Decide.
class FuzzTokens final : public identity::CallerTokens {
 public:
  explicit FuzzTokens(const Clock& clock) : clock_(clock) {}

  static constexpr std::string_view kAccountA = "system:serviceaccount:fuzz:a";
  static constexpr std::string_view kAccountB = "system:serviceaccount:fuzz:b";

  // Withdraws, or gives back, what is known of "a.a.a".
  void SetGood(bool good) { good_ = good; }
  // Ends all reviews: the tokens are of kAccountB, or of none.
  void Decide(bool good);
  std::size_t waiting() const { return waiting_.size(); }

  std::optional<identity::CallerVerdict> TryIdentify(std::string_view token) override;
  std::unique_ptr<identity::PendingCaller> Identify(std::string_view token,
                                                    std::string_view counted_as,
                                                    identity::CallerCallback done) override;

 private:
  struct Waiting {
    identity::CallerCallback done;
  };
  class Pending;

  identity::CallerVerdict Verified(std::string_view principal) const;

  const Clock& clock_;
  bool good_ = true;
  std::list<std::shared_ptr<Waiting>> waiting_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_FUZZ_STORE_H_
