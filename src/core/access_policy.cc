#include "core/access_policy.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "base/strings.h"

namespace credential_broker {
namespace {

constexpr std::string_view kAnyRest = "**";
constexpr std::string_view kSeparators = "/:";

bool IsSeparator(char c) { return kSeparators.find(c) != std::string_view::npos; }

// Length of the segment that `text` begins with.
std::size_t SegmentLength(std::string_view text) {
  return std::min(text.find_first_of(kSeparators), text.size());
}

// Whether the `*` at `position` stands where it means something. Those before it do.
bool IsWildcard(std::string_view text, std::size_t position) {
  const std::string_view rest = text.substr(position);
  return rest == "*" || (rest == kAnyRest && (position == 0 || IsSeparator(text[position - 1]))) ||
         (position > 0 && IsSeparator(text[position - 1]) && IsSeparator(rest[1]));
}

// "spiffe://prod**" would match "spiffe://prod-evil/…", another trust domain.
absl::Status AnyRestInsideSegment(std::string_view text, std::size_t position) {
  const std::string_view before = text.substr(0, position);
  const char separator = text.find('/') == std::string_view::npos ? ':' : '/';
  return absl::InvalidArgumentError(StrCat(
      "pattern \"", text, "\": '**' at character ", position + 1,
      " must follow a separator ('/' or ':'), since it would match other names that only begin "
      "alike; write \"",
      before, std::string_view(&separator, 1), "**\" for what is below, or \"", before,
      "*\" for endings of this segment"));
}

}  // namespace

absl::StatusOr<PrincipalPattern> PrincipalPattern::Parse(std::string_view text) {
  if (text.empty()) {
    return absl::InvalidArgumentError("a pattern of principals must not be empty");
  }
  for (std::size_t i = text.find('*'); i != std::string_view::npos; i = text.find('*', i + 1)) {
    if (!IsWildcard(text, i)) {
      if (text.substr(i) == kAnyRest) {
        return AnyRestInsideSegment(text, i);
      }
      return absl::InvalidArgumentError(StrCat(
          "pattern \"", text, "\": '*' at character ", i + 1,
          " must be at the end or fill the place between two separators ('/' or ':'); '**' must be "
          "at the end"));
    }
  }
  return PrincipalPattern(std::string(text));
}

// One walk over the pattern, without going back: a `*` in the middle always takes the whole
// segment.
bool PrincipalPattern::Matches(std::string_view principal) const {
  std::string_view pattern = text_;
  for (std::size_t star = pattern.find('*'); star != std::string_view::npos;
       star = pattern.find('*')) {
    if (!principal.starts_with(pattern.substr(0, star))) {
      return false;
    }
    principal.remove_prefix(star);
    if (pattern.substr(star) == kAnyRest) {
      return !principal.empty();
    }
    const std::size_t length = SegmentLength(principal);
    if (length == 0) {
      return false;
    }
    principal.remove_prefix(length);
    pattern.remove_prefix(star + 1);
  }
  return principal == pattern;
}

bool AccessPolicy::Allows(std::string_view principal, std::string_view credential) const {
  const auto matches = [&](const Patterns& patterns) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const PrincipalPattern& pattern) { return pattern.Matches(principal); });
  };
  const auto in = [&](const Rules& rules) {
    const auto own = rules.find(credential);
    return own != rules.end() && matches(own->second);
  };
  return (in(allow_) || matches(allow_any_)) && !in(deny_);
}

}  // namespace credential_broker
