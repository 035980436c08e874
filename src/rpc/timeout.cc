#include "rpc/timeout.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "base/strings.h"

namespace credential_broker::rpc {
namespace {

constexpr std::size_t kMaxDigits = 8;
constexpr std::size_t kMaxShownTimeout = 32;

std::optional<absl::Duration> Unit(char letter) {
  switch (letter) {
    case 'H':
      return absl::Hours(1);
    case 'M':
      return absl::Minutes(1);
    case 'S':
      return absl::Seconds(1);
    case 'm':
      return absl::Milliseconds(1);
    case 'u':
      return absl::Microseconds(1);
    case 'n':
      return absl::Nanoseconds(1);
    default:
      return std::nullopt;
  }
}

absl::Status Malformed(std::string_view text) {
  return absl::InternalError(
      StrCat("grpc-timeout \"", absl::CEscape(ToAbsl(text.substr(0, kMaxShownTimeout))),
             "\" is malformed: send 1 to 8 digits and a unit (H M S m u n)"));
}

}  // namespace

absl::StatusOr<absl::Duration> ParseTimeout(std::string_view text) {
  if (text.size() < 2 || text.size() > kMaxDigits + 1) {
    return Malformed(text);
  }
  const std::optional<absl::Duration> unit = Unit(text.back());
  if (!unit) {
    return Malformed(text);
  }
  std::int64_t value = 0;
  for (char c : text.substr(0, text.size() - 1)) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return Malformed(text);
    }
    value = value * 10 + (c - '0');
  }
  return std::min(value * *unit, kMaxTimeout);
}

}  // namespace credential_broker::rpc
