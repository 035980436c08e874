#ifndef CREDENTIAL_BROKER_CORE_CREDENTIAL_H_
#define CREDENTIAL_BROKER_CORE_CREDENTIAL_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/clock.h"
#include "core/credential_state.h"
#include "core/token.h"

namespace credential_broker {

// What a caller asks of a credential.
struct TokenQuery {
  absl::Duration min_validity = absl::ZeroDuration();  // never negative
  std::string rejected_version;                        // empty: none
  BootTime give_up_at = BootTime::InfiniteFuture();    // end of the caller's patience
};

using TokenCallback = absl::AnyInvocable<void(absl::StatusOr<TokenPtr>) &&>;

// A call that waits for a token. Destroying it withdraws the call: its callback is destroyed
// without being called, or has been called already. Any thread may destroy it, the callback itself
// too; where the callback runs on another thread just then, the destructor waits for its end.
// Outlives nothing: it may be destroyed after the credential.
class PendingQuery {
 public:
  virtual ~PendingQuery() = default;
};

// One credential as callers see it: the current token, and a place to wait for the next.
// Thread-safe.
//
// Errors carry a Reason: TOKEN_NOT_READY, UPSTREAM_UNAVAILABLE, UPSTREAM_RATE_LIMITED,
// REFRESH_COOLDOWN, CREDENTIAL_REJECTED, MIN_VALIDITY_TOO_LONG, SHUTTING_DOWN.
class Credential {
 public:
  virtual ~Credential() = default;

  // The answer to `query`, where it is known now: no lock that an upstream call is made under is
  // taken. None: an attempt that may answer it is in flight, or due before `give_up_at`; call Wait.
  virtual std::optional<absl::StatusOr<TokenPtr>> TryGet(const TokenQuery& query) = 0;

  // Calls `done` exactly once unless the result is destroyed first: at once on this thread when the
  // answer is known by now, else on the credential's thread, at the latest at `query.give_up_at`.
  // Never null. `done` must not block: it holds up the calls behind it.
  [[nodiscard]] virtual std::unique_ptr<PendingQuery> Wait(TokenQuery query,
                                                           TokenCallback done) = 0;

  virtual CredentialStatus Status() const = 0;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_CREDENTIAL_H_
