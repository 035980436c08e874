#ifndef CREDENTIAL_BROKER_CORE_REFRESH_TIMING_H_
#define CREDENTIAL_BROKER_CORE_REFRESH_TIMING_H_

#include "absl/time/time.h"
#include "base/clock.h"
#include "core/refresh_policy.h"

namespace credential_broker {

// How long the refresh machine waits for what. `random` is evenly spread over [0, 1).

// Two refreshes that callers forced by rejecting a token are at least so far apart: a caller that
// rejects every token (its request is refused for another reason) must not refresh without end.
inline constexpr absl::Duration kForcedRefreshGap = absl::Seconds(10);

// A token is not replaced sooner than this after it was obtained, unless a caller rejects it:
// lifetimes that make no sense, or a min_validity near the lifetime of a very short token, cannot
// make refreshes spin.
inline constexpr absl::Duration kShortestRefreshGap = absl::Seconds(1);

// When to replace a token that is obtained at `now`.
BootTime PlanRefresh(const RefreshPolicy& policy, BootTime expires_at, absl::Duration lifetime,
                     BootTime now, double random);

// The longest min_validity that is granted for tokens of `lifetime`: 0.8 of it. The rest bounds the
// refreshes that callers cost who ask for it: at most one in each 0.2 lifetimes.
absl::Duration MaxMinValidity(absl::Duration lifetime);

// With less than this to live a token is not refreshed any more but replaced by a login, which does
// not depend on its session.
absl::Duration LeastLifeForRefresh(absl::Duration lifetime);

// Pause after so many failed attempts in a row; `failures` is 1 or more.
absl::Duration RetryPause(int failures, double random);

// Pause after a 429 with this Retry-After.
absl::Duration RateLimitedPause(absl::Duration retry_after, double random);

// Pause after the key was refused so many times in a row; `refusals` is 1 or more.
absl::Duration HeldPause(int refusals);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_REFRESH_TIMING_H_
