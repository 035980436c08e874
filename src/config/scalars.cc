#include "config/scalars.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/strings.h"

namespace credential_broker::config {
namespace {

struct Unit {
  std::string_view suffix;
  absl::Duration length;
};

// Largest first.
std::array<Unit, 4> Units() {
  return {{{"h", absl::Hours(1)},
           {"m", absl::Minutes(1)},
           {"s", absl::Seconds(1)},
           {"ms", absl::Milliseconds(1)}}};
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<std::uint32_t> ParseWhole(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsDigit)) {
    return std::nullopt;
  }
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> ParseFraction(std::string_view text) {
  constexpr std::size_t kMostDigits = 20;
  const bool starts_right = !text.empty() && IsDigit(text.front()) && IsDigit(text.back());
  if (!starts_right || text.size() > kMostDigits ||
      text.find_first_not_of("0123456789.") != std::string_view::npos ||
      std::count(text.begin(), text.end(), '.') > 1) {
    return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) {
    return std::nullopt;
  }
  return value;
}

std::optional<absl::Duration> ParseDuration(std::string_view text) {
  constexpr std::size_t kMostDigits = 9;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits > kMostDigits) {
    return std::nullopt;
  }
  const std::optional<std::uint32_t> count = ParseWhole(text.substr(0, digits));
  if (!count.has_value()) {
    return std::nullopt;
  }
  for (const Unit& unit : Units()) {
    if (text.substr(digits) == unit.suffix) {
      return *count * unit.length;
    }
  }
  return std::nullopt;
}

std::string DurationText(absl::Duration duration) {
  for (const Unit& unit : Units()) {
    if (duration != absl::ZeroDuration() && duration % unit.length == absl::ZeroDuration()) {
      return StrCat(duration / unit.length, unit.suffix);
    }
  }
  return "0s";
}

}  // namespace credential_broker::config
