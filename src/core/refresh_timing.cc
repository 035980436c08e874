#include "core/refresh_timing.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace credential_broker {
namespace {

// Retries after a failed attempt: full jitter between the floor and a limit that grows to 15 s. The
// floor keeps attempts that fail at once from spinning; the last limit is what the token's life is
// planned for: an outage of 100 s that begins just before the refresh of a token of 300 s ends,
// with one more pause and one call, before that token is unusable.
constexpr absl::Duration kRetryFloor = absl::Milliseconds(250);
constexpr std::array kRetryLimits = {absl::Seconds(1), absl::Seconds(2), absl::Seconds(4),
                                     absl::Seconds(8), absl::Seconds(15)};

// From 1 to 5 minutes, since accounts lock after a few bad logins.
constexpr std::array kHeldPauses = {absl::Seconds(60), absl::Seconds(120), absl::Seconds(240),
                                    absl::Seconds(300)};

// Bounds of a Retry-After that is obeyed: a zero must not make us spin, and a gateway's "tomorrow"
// must not take us out for longer than a refused key would.
constexpr absl::Duration kShortestRetryAfter = absl::Seconds(1);
constexpr absl::Duration kLongestRetryAfter = absl::Seconds(300);
// Fraction that is added to a Retry-After at most, so that all credentials told the same do not
// come at once.
constexpr double kRetryAfterJitter = 0.1;

// Fraction by which a planned refresh is moved to either side.
constexpr double kRefreshJitter = 0.1;
// Fractions of the lifetime between which a refresh is planned, jitter included. The later one
// leaves more life than LeastLifeForRefresh, else a refresh would never be tried.
constexpr double kEarliestRefresh = 0.1;
constexpr double kLatestRefresh = 0.7;

constexpr double kMaxMinValidity = 0.8;

// The last step is for all later ones.
template <std::size_t kSize>
absl::Duration NthOf(const std::array<absl::Duration, kSize>& steps, int nth) {
  return steps[std::min(static_cast<std::size_t>(nth), kSize) - 1];
}

}  // namespace

BootTime PlanRefresh(const RefreshPolicy& policy, BootTime expires_at, absl::Duration lifetime,
                     BootTime now, double random) {
  const double fraction = std::clamp(policy.refresh_at * (1 + kRefreshJitter * (2 * random - 1)),
                                     kEarliestRefresh, kLatestRefresh);
  return std::max(expires_at - (1 - fraction) * lifetime, now + kShortestRefreshGap);
}

absl::Duration MaxMinValidity(absl::Duration lifetime) { return kMaxMinValidity * lifetime; }

absl::Duration LeastLifeForRefresh(absl::Duration lifetime) {
  // 60 s would be most of a short life, and leave no time for a refresh.
  return std::min(std::max(absl::Seconds(60), lifetime / 5), lifetime / 4);
}

absl::Duration RetryPause(int failures, double random) {
  return kRetryFloor + random * (NthOf(kRetryLimits, failures) - kRetryFloor);
}

absl::Duration RateLimitedPause(absl::Duration retry_after, double random) {
  return (1 + kRetryAfterJitter * random) *
         std::clamp(retry_after, kShortestRetryAfter, kLongestRetryAfter);
}

absl::Duration HeldPause(int refusals) { return NthOf(kHeldPauses, refusals); }

}  // namespace credential_broker
