#include "core/forced_refreshes.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/strings.h"
#include "core/reason.h"

namespace credential_broker {
namespace {

using Answer = std::optional<absl::StatusOr<TokenPtr>>;

absl::Status Failed(const CredentialSnapshot& snapshot, BootTime now) {
  const Reason reason = ReasonOf(*snapshot.refresh.last_failure);
  const std::string message =
      StrCat("credential \"", snapshot.name, "\": no new token: ", snapshot.failure_message);
  if (reason == Reason::kCredentialRejected) {
    return MakeError(reason, message);
  }
  return MakeError(reason, message, std::max(absl::ZeroDuration(), snapshot.refresh.due - now));
}

}  // namespace

void ForcedRefreshes::Begin(absl::FunctionRef<const CredentialSnapshot&()> start,
                            const Clock& clock) {
  waiting_->JudgeNew([&](const TokenQuery&) -> Answer {
    const CredentialSnapshot& snapshot = start();
    if (snapshot.refresh.in_flight.has_value()) {
      return std::nullopt;
    }
    return RefreshRefused(snapshot, clock.Now());
  });
}

void ForcedRefreshes::AttemptEnded(const CredentialSnapshot& snapshot, BootTime now) {
  if (snapshot.refresh.in_flight.has_value()) {
    return;
  }
  waiting_->JudgeAll([&](const TokenQuery&) -> Answer {
    if (snapshot.refresh.last_failure.has_value()) {
      return Failed(snapshot, now);
    }
    return snapshot.refresh.token;
  });
}

void ForcedRefreshes::Close() {
  waiting_->Close();
  waiting_->JudgeAll([](const TokenQuery&) -> Answer { return RefreshAfterStop(); });
}

absl::Status RefreshRefused(const CredentialSnapshot& snapshot, BootTime now) {
  const RefreshState& state = snapshot.refresh;
  const std::string who = StrCat("credential \"", snapshot.name, "\": ");
  if (const BootTime allowed = state.ForcedRefreshAllowedAt(); now < allowed) {
    return MakeError(Reason::kRefreshCooldown,
                     StrCat(who, "a new token was asked for a moment ago; ask again in ",
                            absl::FormatDuration(allowed - now)),
                     allowed - now);
  }
  const absl::Duration wait = std::max(absl::ZeroDuration(), state.due - now);
  if (state.last_failure == FailureKind::kRateLimited) {
    return MakeError(Reason::kUpstreamRateLimited,
                     StrCat(who, "InvestSuite wants no request for ", absl::FormatDuration(wait),
                            ": ", snapshot.failure_message),
                     wait);
  }
  return MakeError(Reason::kRefreshCooldown,
                   StrCat(who, "as many logins as a minute may have were made; the next is due in ",
                          absl::FormatDuration(wait)),
                   wait);
}

absl::Status RefreshAfterStop() {
  return MakeError(Reason::kShuttingDown, "the broker is shutting down; ask another, or again",
                   kUnknownRetryDelay);
}

}  // namespace credential_broker
