#ifndef CREDENTIAL_BROKER_TESTS_WALK_MOODS_H_
#define CREDENTIAL_BROKER_TESTS_WALK_MOODS_H_

#include <cstdint>

#include "h2/server.h"
#include "walk/frames.h"

namespace credential_broker::walk {

constexpr std::uint64_t kMoods = 7;

// The limits of a server of the walk. Each mood, of kMoods, lets another part of them be met.
h2::Limits LimitsOf(std::uint64_t mood, Choices& choices);

}  // namespace credential_broker::walk

#endif  // CREDENTIAL_BROKER_TESTS_WALK_MOODS_H_
