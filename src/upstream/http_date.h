#ifndef CREDENTIAL_BROKER_UPSTREAM_HTTP_DATE_H_
#define CREDENTIAL_BROKER_UPSTREAM_HTTP_DATE_H_

#include <optional>
#include <string_view>

#include "absl/time/time.h"

namespace credential_broker::upstream {

// The value of a Date header, in any of the three forms of RFC 9110 section 5.6.7. None: it is not
// one.
std::optional<absl::Time> ParseHttpDate(std::string_view text);

// How long a Retry-After header (RFC 9110 section 10.2.3) asks to wait from now: a number of
// seconds, or a date, which the server's own clock is subtracted from. `server_now`: that clock,
// from the Date header. Never negative, at most a day: a longer wait is taken for a fault of the
// server. None: not such a value.
std::optional<absl::Duration> ParseRetryAfter(std::string_view text, absl::Time server_now);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_HTTP_DATE_H_
