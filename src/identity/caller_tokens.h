#ifndef CREDENTIAL_BROKER_IDENTITY_CALLER_TOKENS_H_
#define CREDENTIAL_BROKER_IDENTITY_CALLER_TOKENS_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"

namespace credential_broker::identity {

// A caller whose token was accepted.
struct VerifiedCaller {
  std::string principal;
  // The end of the verdict, at the latest the token's expiry: callers that rely on it longer ask
  // again by then.
  BootTime good_until;
  // The token's own `exp`, by its issuer's clock; none: the token has none.
  std::optional<absl::Time> expires_at;
};
using CallerVerdict = absl::StatusOr<VerifiedCaller>;
using CallerCallback = absl::AnyInvocable<void(CallerVerdict) &&>;

// Returns `error` with a mark for IsOutage. `error` is not OK.
absl::Status MarkOutage(absl::Status error);
// Returns whether an error of a verdict is marked: the API server cannot be asked now, about this
// token or any other. Other errors concern the token or its address only.
bool IsOutage(const absl::Status& error);

// A call that waits to learn whose its token is. Destroying it withdraws the call: its callback is
// destroyed without being called, or was called already, or is being called on another thread just
// then. It may outlive the CallerTokens that it came from.
class PendingCaller {
 public:
  virtual ~PendingCaller() = default;
};

// Identifies callers by their bearer tokens. Thread-safe.
//
// Errors: CALLER_UNAUTHENTICATED, the token is not good; UPSTREAM_RATE_LIMITED, many tokens of that
// address were refused, so others of it wait; UPSTREAM_UNAVAILABLE, no review can be made now, for
// all tokens if IsOutage. The last two have a retry delay. No error holds a byte of a token.
class CallerTokens {
 public:
  virtual ~CallerTokens() = default;

  // The verdict on `token`, where it is known now. None: call Identify.
  virtual std::optional<CallerVerdict> TryIdentify(std::string_view token) = 0;

  // Calls `done` exactly once unless the result is destroyed first: at once on this thread or on
  // another. `counted_as`: as in Peer. Never null. `done` must not block.
  [[nodiscard]] virtual std::unique_ptr<PendingCaller> Identify(std::string_view token,
                                                                std::string_view counted_as,
                                                                CallerCallback done) = 0;
};

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_CALLER_TOKENS_H_
