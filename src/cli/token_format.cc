#include "cli/token_format.h"

#include <nlohmann/json.hpp>

#include <optional>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "base/strings.h"

namespace credential_broker::cli {
namespace {

std::string TimeField(std::string_view name, const std::optional<absl::Time>& time) {
  return time ? StrCat(",\"", name, "\":\"", Rfc3339(*time), "\"") : "";
}

// Seconds with a fraction of milliseconds, as protobuf writes a Duration.
std::string DurationText(absl::Duration duration) {
  const std::int64_t milliseconds = absl::ToInt64Milliseconds(duration);
  // NOLINTBEGIN(modernize-use-std-format): gcc 12 has none
  return milliseconds % 1000 == 0
             ? absl::StrFormat("%ds", milliseconds / 1000)
             : absl::StrFormat("%.3fs", static_cast<double>(milliseconds) / 1000);
  // NOLINTEND(modernize-use-std-format)
}

// `before`, the token, `after` and a line feed. The text is built at its full size, so that no
// piece of the token is left behind by a growing buffer, and wiped.
Secret Line(std::string_view before, const Secret& token, std::string_view after) {
  std::string line;
  line.reserve(before.size() + token.Reveal().size() + after.size() + 1);
  line.append(before).append(token.Reveal()).append(after).push_back('\n');
  Secret result(line);
  Wipe(line.data(), line.size());
  return result;
}

}  // namespace

const std::vector<std::string>& TokenFormats() {
  static const std::vector<std::string> formats = {"value", "header", "json", "env"};
  return formats;
}

Secret FormatToken(const FetchedToken& token, std::string_view format) {
  if (format == "header") {
    return Line(StrCat("Authorization: ", token.token_type, " "), token.value, "");
  }
  if (format == "env") {
    // The characters of a token need no escape inside the quotes.
    return Line(StrCat("export ", kTokenVariable, "='"), token.value, "'");
  }
  if (format == "json") {
    const std::string rest =
        StrCat("\",\"tokenType\":", JsonString(token.token_type),
               TimeField("expireTime", token.expire_time), ",\"remainingValidity\":\"",
               DurationText(token.remaining_validity), "\",\"version\":", JsonString(token.version),
               TimeField("refreshTime", token.refresh_time), "}");
    return Line("{\"value\":\"", token.value, rest);
  }
  return Line("", token.value, "");
}

std::string JsonString(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

}  // namespace credential_broker::cli
