#include "sandbox/fault_field.h"

#include <cmath>
#include <cstddef>
#include <type_traits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "base/strings.h"
#include "sandbox/nearest.h"

namespace credential_broker::sandbox {
namespace {

using Names = std::vector<std::string>;
using OptionalDuration = std::optional<absl::Duration>;

// The names of each enumeration's values, in their order.
const Names& ChoicesOf(const Expiry*) {
  static const Names names = {"expires_in_string",
                              "expires_in_number",
                              "expires_at_string",
                              "expires_at_number",
                              "instant_number",
                              "instant_string",
                              "instant_in_expires_in",
                              "jwt_only",
                              "several_at_first",
                              "several_in_first",
                              "several_jwt_first",
                              "zero",
                              "negative",
                              "missing",
                              "null",
                              "garbage",
                              "fraction",
                              "overflow",
                              "iso_date"};
  return names;
}
const Names& ChoicesOf(const TokenFormat*) {
  static const Names names = {"jwt", "jwt_without_exp", "opaque", "long"};
  return names;
}
const Names& ChoicesOf(const BodyKind*) {
  static const Names names = {"normal",
                              "empty",
                              "not_json",
                              "truncated_json",
                              "html",
                              "huge",
                              "wrong_types",
                              "array",
                              "no_token",
                              "null_token",
                              "empty_token",
                              "bad_token",
                              "control_token",
                              "invalid_utf8",
                              "deep",
                              "wrong_content_type",
                              "no_refresh_token",
                              "other_token_type",
                              "cut"};
  return names;
}
const Names& ChoicesOf(const RefreshReuse*) {
  static const Names names = {"revoke_session", "reject", "accept"};
  return names;
}
const Names& ChoicesOf(const RetryAfterForm*) {
  static const Names names = {"seconds", "http_date", "garbage"};
  return names;
}
const Names& ChoicesOf(const DateHeader*) {
  static const Names names = {"normal", "missing", "garbage"};
  return names;
}

absl::Status Expected(std::string_view what) { return absl::InvalidArgumentError(ToAbsl(what)); }

// "250ms", "1m30s", or a number of seconds.
absl::Status Parse(std::string_view text, absl::Duration* value) {
  absl::Duration parsed;
  double seconds = 0;
  if (absl::SimpleAtod(ToAbsl(text), &seconds)) {
    parsed = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(ToAbsl(text), &parsed)) {
    return Expected("a duration such as 250ms, or a number of seconds");
  }
  if (std::isnan(seconds) || absl::AbsDuration(parsed) > absl::Hours(24 * 365 * 10)) {
    return Expected("a duration of at most ten years");
  }
  *value = parsed;
  return absl::OkStatus();
}

absl::Status Parse(std::string_view text, OptionalDuration* value) {
  if (text == "none") {
    value->reset();
    return absl::OkStatus();
  }
  absl::Duration parsed;
  absl::Status status = Parse(text, &parsed);
  if (status.ok()) {
    *value = parsed;
  }
  return status;
}

absl::Status Parse(std::string_view text, bool* value) {
  if (text != "true" && text != "false") {
    return Expected("true or false");
  }
  *value = text == "true";
  return absl::OkStatus();
}

// The numbers are HTTP statuses, of an answer that ends a request.
absl::Status Parse(std::string_view text, int* value) {
  int parsed = 0;
  if (!absl::SimpleAtoi(ToAbsl(text), &parsed) || (parsed != 0 && (parsed < 200 || parsed > 599))) {
    return Expected("an HTTP status from 200 to 599, or 0 for none");
  }
  *value = parsed;
  return absl::OkStatus();
}

absl::Status Parse(std::string_view text, Count* value) {
  if (text == "always" || text == "true") {
    value->left = Count::kAlways;
    return absl::OkStatus();
  }
  int parsed = 0;
  if (text != "false" && (!absl::SimpleAtoi(ToAbsl(text), &parsed) || parsed < 0)) {
    return Expected("a number of times, or always");
  }
  value->left = parsed;
  return absl::OkStatus();
}

template <typename Choice>
absl::Status Parse(std::string_view text, Choice* value) {
  const Names& names = ChoicesOf(value);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) {
      *value = static_cast<Choice>(i);
      return absl::OkStatus();
    }
  }
  return Expected(StrCat("one of ", absl::StrJoin(names, ", "), "; the nearest is \"",
                         Nearest(text, names), "\""));
}

std::string Format(const absl::Duration* value) { return StrCat(absl::ToDoubleSeconds(*value)); }
std::string Format(const OptionalDuration* value) {
  return value->has_value() ? Format(&**value) : "none";
}
std::string Format(const bool* value) { return *value ? "true" : "false"; }
std::string Format(const int* value) { return StrCat(*value); }
std::string Format(const Count* value) {
  return value->left == Count::kAlways ? "always" : StrCat(value->left);
}
template <typename Choice>
std::string Format(const Choice* value) {
  return ChoicesOf(value)[static_cast<std::size_t>(*value)];
}

FaultKind KindOf(const absl::Duration*) { return FaultKind::kDuration; }
FaultKind KindOf(const OptionalDuration*) { return FaultKind::kDuration; }
FaultKind KindOf(const bool*) { return FaultKind::kSwitch; }
FaultKind KindOf(const int*) { return FaultKind::kNumber; }
FaultKind KindOf(const Count*) { return FaultKind::kCount; }
template <typename Choice>
FaultKind KindOf(const Choice*) {
  return FaultKind::kChoice;
}

}  // namespace

absl::Status ParseField(FaultField field, std::string_view text) {
  return std::visit([text](auto* value) { return Parse(text, value); }, field);
}

std::string FormatField(FaultField field) {
  return std::visit([](const auto* value) { return Format(value); }, field);
}

FaultKind KindOfField(FaultField field) {
  return std::visit([](const auto* value) { return KindOf(value); }, field);
}

std::vector<std::string> ChoicesOfField(FaultField field) {
  return std::visit(
      [](const auto* value) {
        if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(*value)>>) {
          return ChoicesOf(value);
        } else {
          return std::vector<std::string>();
        }
      },
      field);
}

}  // namespace credential_broker::sandbox
