#include "core/query_rule.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/strings.h"

namespace credential_broker {
namespace {

bool IsRejected(const Token& token, const TokenQuery& query) {
  return !query.rejected_version.empty() && token.version == query.rejected_version;
}

bool LivesLongEnough(const Token& token, const TokenQuery& query, BootTime now) {
  return token.expires_at - now >= query.min_validity;
}

absl::Status MinValidityTooLong(const CredentialSnapshot& snapshot, const TokenQuery& query) {
  const absl::Duration limit = MaxMinValidity(snapshot.refresh.token->lifetime);
  return MakeError(Reason::kMinValidityTooLong,
                   StrCat("min_validity ", absl::FormatDuration(query.min_validity),
                          " is more than credential \"", snapshot.name,
                          "\" can give; ask for at most ", absl::FormatDuration(limit)),
                   std::nullopt,
                   {{"max_min_validity_seconds", StrCat(absl::ToInt64Seconds(limit))}});
}

// The next attempt that can answer a query which the current token does not satisfy.
struct NextAttempt {
  BootTime at;                          // now, where one is in flight
  std::optional<RefreshEvent> request;  // makes it happen so early
};

NextAttempt NextAttemptFor(const RefreshState& state, const TokenQuery& query, BootTime now) {
  if (state.in_flight.has_value()) {
    return {now, std::nullopt};
  }
  NextAttempt next = {std::max(state.due, now), std::nullopt};
  if (state.phase != RefreshPhase::kFresh) {
    return next;
  }
  if (IsRejected(*state.token, query) && state.ForcedRefreshAllowedAt() <= now && now < next.at) {
    next = {now, TokenRejected{query.rejected_version}};
  }
  const BootTime early = std::max(state.EarlyRefreshAllowedAt(), now);
  if (!LivesLongEnough(*state.token, query, now) && early < next.at) {
    next = {early, ValidityWanted{query.min_validity}};
  }
  return next;
}

absl::Status NoTokenFor(const CredentialSnapshot& snapshot, BootTime retry_at, BootTime now) {
  const RefreshState& state = snapshot.refresh;
  const std::string who = StrCat("credential \"", snapshot.name, "\": ");
  const absl::Duration retry_after =
      state.in_flight.has_value() || retry_at <= now ? kUnknownRetryDelay : retry_at - now;
  if (state.phase == RefreshPhase::kFresh && state.token->UsableAt(now)) {
    return MakeError(Reason::kRefreshCooldown,
                     StrCat(who, "its token was replaced a moment ago; ask again in ",
                            absl::FormatDuration(retry_after)),
                     retry_after);
  }
  if (state.last_failure.has_value()) {
    const Reason reason = ReasonOf(*state.last_failure);
    if (reason == Reason::kCredentialRejected) {
      return MakeError(reason, StrCat(who,
                                      "the access key does not work, and a person must "
                                      "replace it: ",
                                      snapshot.failure_message));
    }
    return MakeError(reason, StrCat(who, "no token from InvestSuite: ", snapshot.failure_message),
                     retry_after);
  }
  if (!state.login_ended) {
    return MakeError(Reason::kTokenNotReady,
                     StrCat(who, "the first login is not done yet; ask again"), retry_after);
  }
  return MakeError(Reason::kUpstreamUnavailable,
                   StrCat(who, "InvestSuite has not answered yet; ask again"), retry_after);
}

}  // namespace

bool Satisfies(const Token& token, const TokenQuery& query, BootTime now) {
  return token.UsableAt(now) && !IsRejected(token, query) && LivesLongEnough(token, query, now);
}

QueryDecision Decide(const CredentialSnapshot& snapshot, const TokenQuery& query, BootTime now) {
  const RefreshState& state = snapshot.refresh;
  if (state.token != nullptr) {
    if (query.min_validity > MaxMinValidity(state.token->lifetime)) {
      return {MinValidityTooLong(snapshot, query), std::nullopt};
    }
    if (Satisfies(*state.token, query, now)) {
      return {state.token, std::nullopt};
    }
  }
  if (snapshot.stopping) {
    return {MakeError(Reason::kShuttingDown,
                      "no more tokens come here: the broker is shutting down, or its configuration "
                      "has changed; ask again, or another",
                      kUnknownRetryDelay),
            std::nullopt};
  }
  NextAttempt next = NextAttemptFor(state, query, now);
  if (next.at < query.give_up_at) {
    return {std::nullopt, std::move(next.request)};
  }
  if (state.phase == RefreshPhase::kFresh && IsRejected(*state.token, query)) {
    next.at = std::min(next.at, state.ForcedRefreshAllowedAt());
  }
  return {NoTokenFor(snapshot, next.at, now), std::nullopt};
}

}  // namespace credential_broker
