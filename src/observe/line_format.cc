#include "observe/line_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "nlohmann/json.hpp"

namespace credential_broker::observe {
namespace {

constexpr std::string_view kNoValue = "null";

// At most 2 KiB of `text`, cut between characters.
std::string_view Cut(std::string_view text) {
  constexpr std::size_t kLongest = 2048;
  if (text.size() <= kLongest) {
    return text;
  }
  std::size_t end = kLongest;
  const auto continues = [&text](std::size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80;
  };
  while (end > kLongest - 3 && continues(end)) {
    --end;
  }
  return text.substr(0, end);
}

bool NeedsEscape(char c) { return c < 0x20 || c >= 0x7f || c == '"' || c == '\\'; }

// `text` as a JSON string in ASCII, quotes included. Beyond ASCII all is escaped: a terminal obeys
// control characters there too (U+009B).
std::string JsonString(std::string_view text) {
  const std::string_view shown = Cut(text);
  const bool is_cut = shown.size() < text.size();
  if (!is_cut && std::none_of(shown.begin(), shown.end(), NeedsEscape)) {
    return StrCat("\"", shown, "\"");
  }
  return nlohmann::json(StrCat(shown, is_cut ? "…" : ""))
      .dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace);
}

// Bare where that can be read in one way only.
std::string TextString(std::string_view text) {
  const bool bare = !text.empty() && std::none_of(text.begin(), text.end(), [](char c) {
    return NeedsEscape(c) || c == ' ' || c == '=';
  });
  return bare && Cut(text).size() == text.size() ? std::string(text) : JsonString(text);
}

std::string NumberText(double number) {
  if (!std::isfinite(number)) {
    return std::string(kNoValue);  // JSON has no word for it
  }
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), end};
}

std::string SecondsText(absl::Duration duration) {
  return NumberText(absl::ToDoubleSeconds(absl::Trunc(duration, absl::Microseconds(1))));
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

// `string_form` writes what is a text.
template <typename StringForm>
std::string ValueText(const Field::Value& value, StringForm string_form) {
  return std::visit(
      [&string_form](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          return string_form(v);
        } else if constexpr (std::is_same_v<T, bool>) {
          return v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, double>) {
          return NumberText(v);
        } else if constexpr (std::is_same_v<T, absl::Duration>) {
          return SecondsText(v);
        } else if constexpr (std::is_same_v<T, absl::Time>) {
          const bool is_finite = v != absl::InfiniteFuture() && v != absl::InfinitePast();
          return is_finite ? string_form(TimeText(v)) : std::string(kNoValue);
        } else {
          return std::to_string(v);
        }
      },
      value);
}

}  // namespace

std::string FormatJson(const LogRecord& record) {
  std::string line = StrCat("{\"time\":\"", TimeText(record.time), "\",\"level\":\"",
                            LogLevelName(record.level), "\",\"event\":", JsonString(record.event));
  for (const Field& field : record.fields) {
    line += StrCat(",", JsonString(field.key), ":", ValueText(field.value, JsonString));
  }
  line += '}';
  return line;
}

std::string FormatText(const LogRecord& record) {
  constexpr std::size_t kLevelWidth = 5;
  std::string level = absl::AsciiStrToUpper(ToAbsl(LogLevelName(record.level)));
  level.resize(kLevelWidth, ' ');
  std::string line = StrCat(absl::FormatTime("%H:%M:%E3S", record.time, absl::UTCTimeZone()), " ",
                            level, " ", TextString(record.event));
  for (const Field& field : record.fields) {
    line += StrCat(" ", TextString(field.key), "=", ValueText(field.value, TextString));
  }
  return line;
}

}  // namespace credential_broker::observe
