#ifndef CREDENTIAL_BROKER_IDENTITY_TOKEN_VERDICTS_H_
#define CREDENTIAL_BROKER_IDENTITY_TOKEN_VERDICTS_H_

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "base/clock.h"
#include "identity/caller_tokens.h"
#include "identity/token_digest.h"
#include "identity/verdict_cache.h"

namespace credential_broker::identity {

// The verdicts on tokens that were reviewed, accepted and refused ones apart. A token has one
// verdict, the last. Not thread-safe.
class TokenVerdicts {
 public:
  TokenVerdicts(std::size_t most_accepted, std::size_t most_refused)
      : accepted_(most_accepted), refused_(most_refused) {}

  void Accept(const TokenDigest& token, const VerifiedCaller& caller) {
    refused_.Forget(token);
    accepted_.Put(token, caller, caller.good_until);
  }
  void Refuse(const TokenDigest& token, const absl::Status& refusal, BootTime good_until) {
    accepted_.Forget(token);
    refused_.Put(token, refusal, good_until);
  }

  // Returns the verdict that is valid now. None: the token must be reviewed.
  std::optional<CallerVerdict> Find(const TokenDigest& token, BootTime now) const {
    std::optional<CallerVerdict> known = accepted_.Find(token, now);
    return known.has_value() ? known : refused_.Find(token, now);
  }

  // Returns whether the token was accepted, by a verdict that was still valid after `since`, and
  // not refused after that.
  bool WasAccepted(const TokenDigest& token, BootTime since) const {
    return accepted_.Find(token, since).has_value();
  }

 private:
  VerdictCache accepted_;
  VerdictCache refused_;
};

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_TOKEN_VERDICTS_H_
