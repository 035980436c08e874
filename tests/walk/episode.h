#ifndef CREDENTIAL_BROKER_TESTS_WALK_EPISODE_H_
#define CREDENTIAL_BROKER_TESTS_WALK_EPISODE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "walk/totals.h"

namespace credential_broker::walk {

// One episode: a listener that is started, called by a crowd of clients, drained and started again,
// some times. `seed` decides all of it but the order in which threads run. Returns what
// went wrong, in words; none: it passed. Faults of memory end the process, by a sanitizer.
std::vector<std::string> RunEpisode(std::uint64_t seed, Totals& totals);

}  // namespace credential_broker::walk

#endif  // CREDENTIAL_BROKER_TESTS_WALK_EPISODE_H_
