#include "config/spelling.h"

#include <algorithm>
#include <cstddef>

#include "base/edit_distance.h"

namespace credential_broker::config {
namespace {

// What was meant by a word that stops too early.
std::optional<std::string> ShortestThatStartsWith(std::string_view word,
                                                  const std::set<std::string>& known) {
  constexpr std::size_t kTooShort = 2;  // fits too many
  std::optional<std::string> shortest;
  for (const std::string& candidate : known) {
    const bool fits = word.size() > kTooShort && candidate.starts_with(word);
    if (fits && (!shortest.has_value() || candidate.size() < shortest->size())) {
      shortest = candidate;
    }
  }
  return shortest;
}

}  // namespace

std::optional<std::string> NearestWord(std::string_view word, const std::set<std::string>& known) {
  constexpr std::size_t kLongest = 64;  // no key is longer; the comparison is quadratic
  if (word.size() > kLongest) {
    return std::nullopt;
  }
  std::optional<std::string> nearest;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = EditDistance(word, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest.has_value() ? nearest : ShortestThatStartsWith(word, known);
}

}  // namespace credential_broker::config
