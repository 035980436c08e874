#ifndef CREDENTIAL_BROKER_HTTP_HTML_H_
#define CREDENTIAL_BROKER_HTTP_HTML_H_

#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace credential_broker::http {

// `text` for HTML, be it between tags or in a quoted attribute: it stays text whatever it holds. At
// most 300 characters; control characters and bytes that are no UTF-8 are replaced.
std::string Escape(std::string_view text);

// "4m 58s", "12s", "3h 05m", "2d 4h"; "0s" for what is below a second.
std::string DurationText(absl::Duration duration);

// "12 ms", "0.8 ms", "1.4 s".
std::string LatencyText(absl::Duration duration);

// "2026-11-24 14:20:11 UTC".
std::string TimeText(absl::Time time);

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_HTTP_HTML_H_
