#include "core/access_policy.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "core/strings.h"

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
  return rest == "*" || rest == kAnyRest ||
         (position > 0 && IsSeparator(text[position - 1]) && IsSeparator(rest[1]));
}

}  // namespace

absl::StatusOr<PrincipalPattern> PrincipalPattern::Parse(std::string_view text) {
  if (text.empty()) {
    return absl::InvalidArgumentError("a pattern of principals must not be empty");
  }
  for (std::size_t i = text.find('*'); i != std::string_view::npos; i = text.find('*', i + 1)) {
    if (!IsWildcard(text, i)) {
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
  const auto own = allow_.find(credential);
  return (own != allow_.end() && matches(own->second)) || matches(allow_any_);
}

}  // namespace credential_broker
