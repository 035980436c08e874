#ifndef CREDENTIAL_BROKER_TESTS_SERVICE_FAKE_TOKENS_H_
#define CREDENTIAL_BROKER_TESTS_SERVICE_FAKE_TOKENS_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "identity/caller_tokens.h"

namespace credential_broker::service {

inline identity::CallerVerdict Verified(std::string_view principal,
                                        BootTime good_until = BootTime::InfiniteFuture(),
                                        std::optional<absl::Time> expires_at = std::nullopt) {
  return identity::VerifiedCaller{std::string(principal), good_until, expires_at};
}

// Tokens that a test knows; the verdict on any other it gives later.
class FakeTokens : public identity::CallerTokens {
 public:
  std::optional<identity::CallerVerdict> TryIdentify(std::string_view token) override {
    auto it = known.find(token);
    return it == known.end() ? std::nullopt : std::optional<identity::CallerVerdict>(it->second);
  }
  std::unique_ptr<identity::PendingCaller> Identify(std::string_view token, std::string_view peer,
                                                    identity::CallerCallback done) override {
    ++asks;
    asked = std::string(token);
    asked_by = std::string(peer);
    waiting = std::move(done);
    return std::make_unique<Pending>(*this);
  }

  std::map<std::string, identity::CallerVerdict, std::less<>> known;
  int asks = 0;
  std::string asked, asked_by;
  identity::CallerCallback waiting;
  int withdrawn = 0;

 private:
  class Pending : public identity::PendingCaller {
   public:
    explicit Pending(FakeTokens& owner) : owner_(owner) {}
    ~Pending() override { ++owner_.withdrawn; }

   private:
    FakeTokens& owner_;
  };
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_TESTS_SERVICE_FAKE_TOKENS_H_
