#include "core/refresh_machine.h"

#include <algorithm>
#include <utility>

namespace credential_broker {
namespace {

// Counts without end in sight, but not past the largest int.
void Count(int& counter) { counter = std::min(counter + 1, 1000); }

// What each event does to the state. An event that makes no sense in it changes nothing.
class Transition {
 public:
  Transition(RefreshState& state, BootTime now, double random)
      : state_(state), now_(now), random_(random) {}

  void operator()(const TimePassed&) {}

  void operator()(const AttemptGranted& granted) {
    if (!state_.in_flight.has_value() || !granted.token->UsableAt(now_)) {
      (*this)(AttemptFailed{});
      return;
    }
    End();
    state_.phase = RefreshPhase::kFresh;
    state_.due = granted.token->refresh_at;
    state_.token = granted.token;
    state_.obtained_at = now_;
    state_.can_refresh = granted.has_refresh_token;
    state_.failures = 0;
    state_.refusals = 0;
    state_.last_failure.reset();
    state_.forced = false;
  }

  void operator()(const AttemptFailed& failed) {
    if (!state_.in_flight.has_value()) {
      return;
    }
    state_.last_failure = failed.kind;
    if (End() == UpstreamOperation::kRefresh) {
      RefreshFailed(failed);
    } else {
      LoginFailed(failed);
    }
  }

  void operator()(const KeyChanged&) {
    if (state_.in_flight == UpstreamOperation::kLogin) {
      state_.key_changed = true;
    } else if (state_.phase == RefreshPhase::kHeld) {
      LoginWithNewKey();
    }
  }

  void operator()(const TokenRejected& rejected) {
    // In every other phase a new token is on its way already; so at most one refresh is forced per
    // version.
    if (state_.phase == RefreshPhase::kFresh && state_.token->version == rejected.version &&
        state_.ForcedRefreshAllowedAt() <= now_) {
      state_.forced = true;
      state_.due = now_;
    }
  }

  void operator()(const ValidityWanted& wanted) {
    if (state_.phase == RefreshPhase::kFresh &&
        wanted.min_validity <= MaxMinValidity(state_.token->lifetime) &&
        state_.token->expires_at - now_ < wanted.min_validity) {
      state_.due = std::min(state_.due, std::max(now_, state_.EarlyRefreshAllowedAt()));
    }
  }

  void operator()(const RefreshForced&) {
    // What InvestSuite says of its limits holds for operators too.
    const bool paused = state_.last_failure == FailureKind::kRateLimited && now_ < state_.due;
    if (state_.in_flight.has_value() || now_ < state_.ForcedRefreshAllowedAt() || paused) {
      return;
    }
    if (state_.phase == RefreshPhase::kHeld) {
      // The key may have been mended at InvestSuite's side. Refusals go on being counted.
      state_.phase = RefreshPhase::kLogin;
      state_.failures = 0;
    }
    state_.forced = true;
    state_.due = now_;
  }

 private:
  UpstreamOperation End() {
    const UpstreamOperation ended = *state_.in_flight;
    state_.in_flight.reset();
    state_.login_ended |= ended == UpstreamOperation::kLogin;
    return ended;
  }

  void RefreshFailed(const AttemptFailed& failed) {
    if (failed.kind == FailureKind::kNotSent) {
      state_.can_refresh = true;
      Count(state_.failures);
      state_.due = now_ + RetryPause(state_.failures, random_);
      return;
    }
    if (failed.kind == FailureKind::kUnauthorized) {
      // Of the refresh token: it says nothing of the key.
      state_.last_failure = FailureKind::kClientError;
    }
    state_.phase = RefreshPhase::kLogin;
    state_.failures = 0;
    state_.due = now_;
    if (failed.kind == FailureKind::kRateLimited) {
      PauseForRateLimit(failed);
    }
  }

  void LoginFailed(const AttemptFailed& failed) {
    switch (failed.kind) {
      case FailureKind::kUnauthorized:
      case FailureKind::kNoKey:
        if (state_.key_changed) {
          LoginWithNewKey();
          return;
        }
        state_.phase = RefreshPhase::kHeld;
        state_.failures = 0;
        Count(state_.refusals);
        state_.due = now_ + HeldPause(state_.refusals);
        return;
      case FailureKind::kRateLimited:
        PauseForRateLimit(failed);
        return;
      // A 4xx says that the request was wrong, which no retry mends; but gateways answer 404 or 405
      // while they are deployed, and the pace of retries is one that InvestSuite bears in an outage
      // anyway.
      case FailureKind::kClientError:
      case FailureKind::kNotSent:
      case FailureKind::kAmbiguous:
      case FailureKind::kServerError:
      case FailureKind::kCancelled:
        Count(state_.failures);
        state_.due = now_ + RetryPause(state_.failures, random_);
        return;
    }
  }

  void PauseForRateLimit(const AttemptFailed& failed) {
    Count(state_.failures);
    state_.due =
        now_ + (failed.retry_after.has_value() ? RateLimitedPause(*failed.retry_after, random_)
                                               : RetryPause(state_.failures, random_));
  }

  void LoginWithNewKey() {
    state_.phase = RefreshPhase::kLogin;
    state_.failures = 0;
    state_.refusals = 0;
    state_.due = now_;
  }

  RefreshState& state_;
  const BootTime now_;
  const double random_;
};

bool RefreshHelps(const RefreshState& state, BootTime now) {
  return (state.phase == RefreshPhase::kFresh || state.phase == RefreshPhase::kRefreshing) &&
         state.can_refresh &&
         state.token->expires_at - now >= LeastLifeForRefresh(state.token->lifetime);
}

// Starts the attempt that is due, if one is.
RefreshAction Proceed(RefreshState& state, BootTime now) {
  if (state.in_flight.has_value()) {
    return Sleep{BootTime::InfiniteFuture()};
  }
  if (now < state.due) {
    return Sleep{state.due};
  }
  if (RefreshHelps(state, now)) {
    state.phase = RefreshPhase::kRefreshing;
    state.in_flight = UpstreamOperation::kRefresh;
    // Spent from here on, unless it turns out that it was not sent.
    state.can_refresh = false;
  } else {
    if (state.phase == RefreshPhase::kFresh || state.phase == RefreshPhase::kRefreshing) {
      state.phase = RefreshPhase::kLogin;
      state.failures = 0;
    }
    const BootTime earliest = state.logins.Earliest(state.failures > 0);
    if (now < earliest) {
      state.due = earliest;
      return Sleep{state.due};
    }
    state.phase = RefreshPhase::kLogin;
    state.in_flight = UpstreamOperation::kLogin;
    state.key_changed = false;
    state.logins.Record(now);
  }
  if (state.forced) {
    state.last_forced = now;
  }
  if (state.in_flight == UpstreamOperation::kRefresh) {
    return StartRefresh{};
  }
  return StartLogin{};
}

}  // namespace

std::string_view UpstreamOperationName(UpstreamOperation operation) {
  return operation == UpstreamOperation::kLogin ? "login" : "refresh";
}

RefreshStep Next(RefreshState state, const RefreshEvent& event, BootTime now, double random) {
  std::visit(Transition(state, now, random), event);
  RefreshAction action = Proceed(state, now);
  return {std::move(state), action};
}

}  // namespace credential_broker
