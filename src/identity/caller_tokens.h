#ifndef CREDENTIAL_BROKER_IDENTITY_CALLER_TOKENS_H_
#define CREDENTIAL_BROKER_IDENTITY_CALLER_TOKENS_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace credential_broker::identity {

using CallerCallback = absl::AnyInvocable<void(absl::StatusOr<std::string>) &&>;

// A call that waits to learn whose its token is. Destroying it withdraws the call: its callback is
// destroyed without being called, or was called already, or is being called on another thread just
// then. Destroyed before the CallerTokens that it came from.
class PendingCaller {
 public:
  virtual ~PendingCaller() = default;
};

// Tells whose a bearer token is. Thread-safe.
//
// Errors: CALLER_UNAUTHENTICATED, the token is not good; CALLER_RATE_LIMITED, too many of that
// address were not; UPSTREAM_UNAVAILABLE, nobody can be asked now. They hold no byte of a token.
class CallerTokens {
 public:
  virtual ~CallerTokens() = default;

  // The principal of `token`, where it is known now. None: call Identify.
  virtual std::optional<absl::StatusOr<std::string>> TryIdentify(std::string_view token) = 0;

  // Calls `done` exactly once unless the result is destroyed first: at once on this thread or on
  // another. `peer_address`: as in Peer. Never null. `done` must not block.
  [[nodiscard]] virtual std::unique_ptr<PendingCaller> Identify(std::string_view token,
                                                                std::string_view peer_address,
                                                                CallerCallback done) = 0;
};

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_CALLER_TOKENS_H_
