#include "sandbox/nearest.h"

#include <cstddef>
#include <limits>

#include "base/edit_distance.h"

namespace credential_broker::sandbox {
std::string Nearest(std::string_view name, const std::vector<std::string>& known) {
  std::string nearest;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  const std::string_view head = name.substr(0, 64);  // a name from outside may be long
  for (const std::string& candidate : known) {
    const std::size_t edits = EditDistance(head, candidate);
    if (edits < fewest) {
      fewest = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace credential_broker::sandbox
