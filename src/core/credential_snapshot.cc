#include "core/credential_snapshot.h"

#include <algorithm>

namespace credential_broker {
namespace {

bool HasUsableToken(const RefreshState& state, BootTime now) {
  return state.token != nullptr && state.token->UsableAt(now);
}

std::optional<Reason> LastError(const RefreshState& state) {
  return state.last_failure.has_value() ? std::make_optional(ReasonOf(*state.last_failure))
                                        : std::nullopt;
}

}  // namespace

CredentialState StateAt(const CredentialSnapshot& snapshot, BootTime now) {
  const RefreshState& state = snapshot.refresh;
  if (HasUsableToken(state, now)) {
    return state.last_failure.has_value() ? CredentialState::kDegraded : CredentialState::kReady;
  }
  if (!state.login_ended) {
    return CredentialState::kPending;
  }
  return LastError(state) == Reason::kCredentialRejected ? CredentialState::kRejected
                                                         : CredentialState::kUnavailable;
}

CredentialStatus StatusAt(const CredentialSnapshot& snapshot, BootTime now, absl::Time wall_now) {
  const RefreshState& state = snapshot.refresh;
  CredentialStatus status;
  status.name = snapshot.name;
  status.state = StateAt(snapshot, now);
  if (HasUsableToken(state, now)) {
    status.version = state.token->version;
    status.expire_time = state.token->expire_time;
  }
  status.last_refresh_time = snapshot.last_success;
  if (!state.in_flight.has_value() && !snapshot.stopping) {
    status.next_refresh_time = wall_now + (std::max(state.due, now) - now);
  }
  status.last_error = LastError(state);
  return status;
}

Reason ReasonOf(FailureKind kind) {
  switch (kind) {
    case FailureKind::kUnauthorized:
    case FailureKind::kNoKey:
      return Reason::kCredentialRejected;
    case FailureKind::kRateLimited:
      return Reason::kUpstreamRateLimited;
    case FailureKind::kNotSent:
    case FailureKind::kAmbiguous:
    case FailureKind::kServerError:
    case FailureKind::kClientError:
    case FailureKind::kCancelled:
      return Reason::kUpstreamUnavailable;
  }
  return Reason::kUpstreamUnavailable;
}

}  // namespace credential_broker
