#ifndef CREDENTIAL_BROKER_CONFIG_SPELLING_H_
#define CREDENTIAL_BROKER_CONFIG_SPELLING_H_

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace credential_broker::config {

// The word of `known` that was most likely meant by `word`: the one that the fewest single letters
// part from it (Levenshtein), if those are at most a third of it; else the shortest that starts
// with it. None where nothing is so near.
std::optional<std::string> NearestWord(std::string_view word, const std::set<std::string>& known);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_SPELLING_H_
