#ifndef CREDENTIAL_BROKER_TESTS_WALK_TOTALS_H_
#define CREDENTIAL_BROKER_TESTS_WALK_TOTALS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "h2/counters.h"
#include "rpc/counters.h"
#include "walk/reached.h"

namespace credential_broker::walk {

// What all episodes of a walk add up to, by name.
using Totals = std::map<std::string, std::uint64_t>;

void AddTo(Totals& totals, const h2::Counters& counters);
void AddTo(Totals& totals, const rpc::Counters& counters);
void AddTo(Totals& totals, const Reached& reached);

// Returns the names that are 0 in `totals`, or not there, and must not be: the walk has tested less
// than it says.
std::vector<std::string> NotReached(const Totals& totals);

}  // namespace credential_broker::walk

#endif  // CREDENTIAL_BROKER_TESTS_WALK_TOTALS_H_
