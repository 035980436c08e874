#ifndef CREDENTIAL_BROKER_CONFIG_SCALARS_H_
#define CREDENTIAL_BROKER_CONFIG_SCALARS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace credential_broker::config {

// `250ms`, `5s`, `3m`, `1h`: a whole number of at most 9 digits with one unit, and nothing else.
std::optional<absl::Duration> ParseDuration(std::string_view text);

// The same form back, in the largest unit that divides it. `duration` is one that ParseDuration
// gave.
std::string DurationText(absl::Duration duration);

// Decimal digits only: no sign, no spaces, no exponent.
std::optional<std::uint32_t> ParseWhole(std::string_view text);

// Decimal digits with at most one point, such as `0.5`.
std::optional<double> ParseFraction(std::string_view text);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_SCALARS_H_
