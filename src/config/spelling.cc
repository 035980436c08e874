#include "config/spelling.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace credential_broker::config {
namespace {

std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

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
    const std::size_t distance = Distance(word, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest.has_value() ? nearest : ShortestThatStartsWith(word, known);
}

}  // namespace credential_broker::config
