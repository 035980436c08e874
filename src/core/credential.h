#ifndef CREDENTIAL_BROKER_CORE_CREDENTIAL_H_
#define CREDENTIAL_BROKER_CORE_CREDENTIAL_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
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

// A credential at one moment.
struct CredentialView {
  TokenPtr token;  // null: none that is usable
  CredentialStatus status;
};

// Changes are told as long as it lives. It may be destroyed on any thread, after the credential
// too; a call that is under way on another thread then goes on.
class CredentialWatch {
 public:
  virtual ~CredentialWatch() = default;
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
  virtual CredentialView View() const = 0;

  // Calls `on_change` whenever View would show another token, state, error or next attempt than
  // before, be it only for the passage of time: how many changes a call stands for is not told.
  // Called on the credential's thread, which it must not block, and from which it must not let go
  // of the last reference to the credential.
  [[nodiscard]] virtual std::shared_ptr<CredentialWatch> Watch(std::function<void()> on_change) = 0;

  // Obtains a new token now, and calls `done` once it is there or could not be had, exactly once
  // unless the result is destroyed first. Calls that come while an attempt is in flight join it.
  // Where none may be made now, REFRESH_COOLDOWN or UPSTREAM_RATE_LIMITED say when: two refreshes
  // that are forced, by this or by a rejected version, are 10 s apart, and logins are 6 a minute.
  // A refused key is tried again. Never null; `done` must not block.
  [[nodiscard]] virtual std::unique_ptr<PendingQuery> Refresh(TokenCallback done) = 0;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_CREDENTIAL_H_
