#include "upstream/answer.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "base/strings.h"
#include "upstream/http_date.h"
#include "upstream/json_fields.h"
#include "upstream/jwt.h"

namespace credential_broker::upstream {
namespace {

constexpr double kFirstInstant = 1e9;  // in 2001; as a duration, 31 years
constexpr double kLastInstant = 1e11;  // in 5138; above it the unit cannot be seconds

absl::Status Unusable(std::string_view field, std::string_view what) {
  return absl::InvalidArgumentError(StrCat("`", field, "` ", what));
}

// The server's clock at sent_at, no earlier than it can have been.
struct ServerClock {
  static ServerClock From(std::string_view date, const AnswerTimes& times) {
    const std::optional<absl::Time> told = ParseHttpDate(date);
    return {told.has_value() ? *told + absl::Seconds(1) : times.sent_wall, told.has_value()};
  }

  absl::Duration Until(absl::Time instant) const { return instant - at_sent; }

  absl::Time at_sent;
  bool told;
};

// RFC 6750: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
bool IsB64Token(std::string_view token) {
  const std::string_view body = token.substr(0, token.find('='));
  const std::string_view padding = token.substr(body.size());
  return !body.empty() && std::all_of(body.begin(), body.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) ||
           std::string_view("-._~+/").find(static_cast<char>(c)) != std::string_view::npos;
  }) && padding.find_first_not_of('=') == std::string_view::npos;
}

absl::Status CheckAccessToken(const JsonField& field) {
  if (field.absent()) {
    return Unusable("access_token", "is missing");
  }
  if (field.kind != JsonField::Kind::kString) {
    return Unusable("access_token", "is not a string");
  }
  if (!IsB64Token(field.text.Reveal())) {
    return Unusable("access_token", "is empty or has characters that no bearer token may have");
  }
  return absl::OkStatus();
}

absl::Status CheckRefreshToken(const JsonField& field) {
  if (!field.absent() && field.kind != JsonField::Kind::kString) {
    return Unusable("refresh_token", "is not a string");
  }
  return absl::OkStatus();
}

absl::Status CheckTokenType(const JsonField& field) {
  if (field.absent()) {
    return absl::OkStatus();
  }
  if (field.kind != JsonField::Kind::kString ||
      !absl::EqualsIgnoreCase(ToAbsl(field.text.Reveal()), "Bearer")) {
    return Unusable("token_type", "is not Bearer");
  }
  return absl::OkStatus();
}

// From sent_at to the end that `field` tells. None: it is absent.
absl::StatusOr<std::optional<absl::Duration>> TimeLeft(std::string_view name,
                                                       const JsonField& field,
                                                       const ServerClock& clock) {
  if (field.absent()) {
    return std::nullopt;
  }
  double value = field.number;
  const bool number = field.kind == JsonField::Kind::kNumber ||
                      (field.kind == JsonField::Kind::kString &&
                       absl::SimpleAtod(ToAbsl(field.text.Reveal()), &value));
  if (!number || !std::isfinite(value)) {
    return Unusable(name, "is not a number");
  }
  if (value > kLastInstant) {
    return Unusable(name, "is neither a number of seconds nor an instant in seconds since 1970");
  }
  if (value > kFirstInstant) {
    return clock.Until(absl::UnixEpoch() + absl::Seconds(value));
  }
  if (value <= 0) {
    return Unusable(name, "is not positive");
  }
  return absl::Seconds(value);
}

absl::StatusOr<absl::Duration> Lifetime(const JsonField& expires_in, const JsonField& expires_at,
                                        const Secret& token, const ServerClock& clock) {
  absl::Duration left = absl::InfiniteDuration();
  for (const auto& [name, field] :
       {std::pair("expires_in", &expires_in), std::pair("expires_at", &expires_at)}) {
    const absl::StatusOr<std::optional<absl::Duration>> told = TimeLeft(name, *field, clock);
    if (!told.ok()) {
      return told.status();
    }
    left = std::min(left, told->value_or(absl::InfiniteDuration()));
  }
  if (clock.told || left == absl::InfiniteDuration()) {
    if (const std::optional<absl::Time> exp = JwtExpiry(token.Reveal())) {
      left = std::min(left, clock.Until(*exp));
    }
  }
  if (left == absl::InfiniteDuration()) {
    return Unusable("expires_in", "is missing, and so are `expires_at` and a JWT's `exp`");
  }
  return left;
}

}  // namespace

absl::StatusOr<Grant> ParseTokenAnswer(std::string_view body, std::string_view date,
                                       const AnswerTimes& times) {
  JsonField access;
  JsonField refresh;
  JsonField type;
  JsonField expires_in;
  JsonField expires_at;
  absl::Status status = ReadJsonFields(body, {{"access_token", &access},
                                              {"refresh_token", &refresh},
                                              {"token_type", &type},
                                              {"expires_in", &expires_in},
                                              {"expires_at", &expires_at}});
  status.Update(CheckAccessToken(access));
  status.Update(CheckRefreshToken(refresh));
  status.Update(CheckTokenType(type));
  if (!status.ok()) {
    return status;
  }
  const absl::StatusOr<absl::Duration> lifetime =
      Lifetime(expires_in, expires_at, access.text, ServerClock::From(date, times));
  if (!lifetime.ok()) {
    return lifetime.status();
  }
  const BootTime end = times.sent_at + *lifetime;
  if (*lifetime <= absl::ZeroDuration() || end <= times.received_at) {
    return Unusable("access_token", "was over before its answer came");
  }
  return Grant{.access_token = std::move(access.text),
               .refresh_token = std::move(refresh.text),
               .token_type = "Bearer",
               .expires_at = end,
               .lifetime = *lifetime};
}

}  // namespace credential_broker::upstream
