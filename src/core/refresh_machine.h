#ifndef CREDENTIAL_BROKER_CORE_REFRESH_MACHINE_H_
#define CREDENTIAL_BROKER_CORE_REFRESH_MACHINE_H_

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/time/time.h"
#include "base/clock.h"
#include "core/login_budget.h"
#include "core/refresh_policy.h"
#include "core/refresh_timing.h"
#include "core/token.h"
#include "core/upstream_session.h"

namespace credential_broker {

// The rules by which one credential is kept alive, as a pure function over a value: no clock, no
// thread, no lock, no secret. Whoever runs it feeds it what happens and does what it answers.
//
//                refresh_at, or asked for          not sent: retry
//   +-----------+ ------------------------> +------------+ --+
//   |   FRESH   |                           | REFRESHING |   |
//   +-----------+ <------------------------ +------------+ <-+
//         ^                granted                | refresh token spent or none,
//         |                                       v or little time left
//         |                granted          +------------+ --+ 5xx, network, 429:
//         +-------------------------------- |   LOGIN    |   | retry, at most 6
//                                           +------------+ <-+ a minute
//                          key changed, or     ^      | 401, 403, no key
//                          60 to 300 s later   |      v
//                                           +------------+
//                                           |    HELD    |
//                                           +------------+
//
// In each of them a token that is still usable goes on being served.
enum class RefreshPhase { kFresh, kRefreshing, kLogin, kHeld };

enum class UpstreamOperation { kLogin, kRefresh };

// "login" or "refresh".
std::string_view UpstreamOperationName(UpstreamOperation operation);

// A value: all that the rules remember.
struct RefreshState {
  RefreshPolicy policy;
  RefreshPhase phase = RefreshPhase::kLogin;
  std::optional<UpstreamOperation> in_flight;
  BootTime due = BootTime::InfinitePast();  // of the next attempt, while none is in flight

  TokenPtr token;            // the newest, also when it is no longer usable; null before the first
  BootTime obtained_at;      // of `token`
  bool can_refresh = false;  // the refresh token that came with `token` exists and is unspent

  int failures = 0;  // failed attempts since the last success or change of operation
  int refusals = 0;  // of the key, in a row
  std::optional<FailureKind> last_failure;  // of the last attempt; none after a success
  bool login_ended = false;                 // any login at all
  bool key_changed = false;                 // since the login in flight began

  // The attempt that is due or in flight replaces a rejected token, or an operator asked for it.
  bool forced = false;
  BootTime last_forced = BootTime::InfinitePast();
  LoginBudget logins;

  // Earliest instants at which a token is replaced because a caller rejects it or an operator wants
  // another, and at which a fresh one is because a caller needs it to live longer.
  BootTime ForcedRefreshAllowedAt() const { return last_forced + kForcedRefreshGap; }
  BootTime EarlyRefreshAllowedAt() const { return obtained_at + kShortestRefreshGap; }
};

// What happens to a credential.
struct TimePassed {};
struct AttemptGranted {
  TokenPtr token;  // its refresh_at made by PlanRefresh
  bool has_refresh_token = false;
};
struct AttemptFailed {
  FailureKind kind = FailureKind::kAmbiguous;
  std::optional<absl::Duration> retry_after;
};
struct KeyChanged {};
struct TokenRejected {
  std::string version;
};
struct ValidityWanted {
  absl::Duration min_validity;
};
// An operator wants a new token now.
struct RefreshForced {};
using RefreshEvent = std::variant<TimePassed, AttemptGranted, AttemptFailed, KeyChanged,
                                  TokenRejected, ValidityWanted, RefreshForced>;

// What is to be done next. An attempt that is started ends with AttemptGranted or AttemptFailed.
struct Sleep {
  BootTime until;  // then feed TimePassed; infinite while an attempt is in flight
};
struct StartLogin {};
struct StartRefresh {};
using RefreshAction = std::variant<Sleep, StartLogin, StartRefresh>;

struct RefreshStep {
  RefreshState state;
  RefreshAction action;
};

// `random` is evenly spread over [0, 1), drawn anew for every call. A grant whose token is not
// usable at `now` counts as an ambiguous failure.
RefreshStep Next(RefreshState state, const RefreshEvent& event, BootTime now, double random);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_REFRESH_MACHINE_H_
