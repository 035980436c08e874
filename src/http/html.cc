#include "http/html.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/strings/str_format.h"

namespace credential_broker::http {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

// The size of the character at the start of `text`, which is not empty; none: no valid UTF-8
// (RFC 3629).
std::optional<std::size_t> CharacterSize(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) {
    return std::nullopt;
  }
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return std::nullopt;
    }
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool surrogate = first == 0xed && byte(1) >= 0xa0;
  const bool too_large = first == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || too_large ? std::nullopt : std::optional(size);
}

std::string_view Entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return "";
  }
}

}  // namespace

std::string Escape(std::string_view text) {
  constexpr int kLongest = 300;
  std::string escaped;
  for (int characters = 0; !text.empty(); ++characters) {
    if (characters == kLongest) {
      return escaped + "…";
    }
    const std::optional<std::size_t> size = CharacterSize(text);
    const std::string_view entity = Entity(text[0]);
    // U+0080 to U+009F are control characters, too.
    const bool control = text[0] >= 0 ? text[0] < 0x20 || text[0] == 0x7f
                                      : text[0] == '\xc2' && text.size() > 1 &&
                                            static_cast<unsigned char>(text[1]) < 0xa0;
    if (!entity.empty()) {
      escaped += entity;
    } else if (!size.has_value() || control) {
      escaped += kReplacement;
    } else {
      escaped += text.substr(0, *size);
    }
    text.remove_prefix(size.value_or(1));
  }
  return escaped;
}

// NOLINTBEGIN(modernize-use-std-format): gcc 12 has none
std::string DurationText(absl::Duration duration) {
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  const std::int64_t seconds = std::max<std::int64_t>(0, absl::ToInt64Seconds(duration));
  if (seconds < kMinute) {
    return absl::StrFormat("%ds", seconds);
  }
  if (seconds < kHour) {
    return absl::StrFormat("%dm %02ds", seconds / kMinute, seconds % kMinute);
  }
  if (seconds < kDay) {
    return absl::StrFormat("%dh %02dm", seconds / kHour, seconds % kHour / kMinute);
  }
  return absl::StrFormat("%dd %dh", seconds / kDay, seconds % kDay / kHour);
}

std::string LatencyText(absl::Duration duration) {
  const double milliseconds = absl::ToDoubleMilliseconds(duration);
  if (milliseconds < 10) {
    return absl::StrFormat("%.1f ms", milliseconds);
  }
  if (milliseconds < 1000) {
    return absl::StrFormat("%.0f ms", milliseconds);
  }
  return absl::StrFormat("%.1f s", milliseconds / 1000);
}
// NOLINTEND(modernize-use-std-format)

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

}  // namespace credential_broker::http
