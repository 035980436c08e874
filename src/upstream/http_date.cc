#include "upstream/http_date.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "base/strings.h"

namespace credential_broker::upstream {
namespace {

constexpr absl::Duration kLongestRetryAfter = absl::Hours(24);

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return absl::ascii_isdigit(c); });
}

}  // namespace

std::optional<absl::Time> ParseHttpDate(std::string_view text) {
  constexpr const char* kForms[] = {
      "%a, %d %b %Y %H:%M:%S GMT",  // IMF-fixdate
      "%A, %d-%b-%y %H:%M:%S GMT",  // RFC 850
      "%a %b %e %H:%M:%S %Y",       // asctime
  };
  // ParseTime reads "infinite-future" too, which no form of a date is.
  if (text.empty() || !absl::ascii_isupper(static_cast<unsigned char>(text.front()))) {
    return std::nullopt;
  }
  for (const char* form : kForms) {
    absl::Time time;
    if (absl::ParseTime(form, ToAbsl(text), &time, nullptr)) {
      return time;
    }
  }
  return std::nullopt;
}

std::optional<absl::Duration> ParseRetryAfter(std::string_view text, absl::Time server_now) {
  text = ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
  absl::Duration wait;
  if (IsDigits(text)) {
    std::int64_t seconds = 0;
    wait = absl::SimpleAtoi(ToAbsl(text), &seconds) ? absl::Seconds(seconds) : kLongestRetryAfter;
  } else if (const std::optional<absl::Time> date = ParseHttpDate(text)) {
    wait = *date - server_now;
  } else {
    return std::nullopt;
  }
  return std::clamp(wait, absl::ZeroDuration(), kLongestRetryAfter);
}

}  // namespace credential_broker::upstream
