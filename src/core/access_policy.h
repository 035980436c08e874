#ifndef CREDENTIAL_BROKER_CORE_ACCESS_POLICY_H_
#define CREDENTIAL_BROKER_CORE_ACCESS_POLICY_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace credential_broker {

// A pattern of principals. A `*` at the end or between two separators (`/` or `:`) matches one
// character or more within one segment; `**` at the end, alone or after a separator, matches any
// rest, of one character or more. All else matches itself. Matching takes time in proportion to the
// shorter of the two texts.
class PrincipalPattern {
 public:
  // Fails with INVALID_ARGUMENT, naming the character, where a `*` stands anywhere else.
  static absl::StatusOr<PrincipalPattern> Parse(std::string_view text);

  bool Matches(std::string_view principal) const;
  bool operator==(const PrincipalPattern& other) const = default;
  std::string_view text() const { return text_; }

 private:
  explicit PrincipalPattern(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// Who may use which credential: default deny, and a pattern that denies wins over all that allow.
// Immutable, thread-safe.
class AccessPolicy {
 public:
  using Patterns = std::vector<PrincipalPattern>;

  // Patterns by credential.
  using Rules = std::map<std::string, Patterns, std::less<>>;

  // `allow`: for each credential the patterns that may use it. `allow_any`: those that may use
  // every credential, also one that does not exist. `deny`: for each credential the patterns that
  // may not use it, whatever else allows them.
  explicit AccessPolicy(Rules allow, Patterns allow_any = {}, Rules deny = {})
      : allow_(std::move(allow)), allow_any_(std::move(allow_any)), deny_(std::move(deny)) {}

  bool Allows(std::string_view principal, std::string_view credential) const;

 private:
  Rules allow_;
  Patterns allow_any_;
  Rules deny_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_ACCESS_POLICY_H_
