#include "upstream/jwt.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "base/secret.h"
#include "base/strings.h"
#include "upstream/json_fields.h"

namespace credential_broker::upstream {
namespace {

// The year 5138: what lies beyond counts other units than seconds.
constexpr double kLatest = 1e11;

}  // namespace

std::optional<absl::Time> JwtExpiry(std::string_view token) {
  const std::vector<absl::string_view> parts = absl::StrSplit(ToAbsl(token), '.');
  if (parts.size() != 3) {
    return std::nullopt;
  }
  std::string payload;
  const absl::Cleanup wipe = [&payload] { Wipe(payload.data(), payload.size()); };
  if (!absl::WebSafeBase64Unescape(parts[1], &payload)) {
    return std::nullopt;
  }
  JsonField exp;
  if (!ReadJsonFields(payload, {{"exp", &exp}}).ok() || exp.kind != JsonField::Kind::kNumber ||
      std::abs(exp.number) > kLatest) {
    return std::nullopt;
  }
  return absl::UnixEpoch() + absl::Seconds(exp.number);
}

}  // namespace credential_broker::upstream
