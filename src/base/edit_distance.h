#ifndef CREDENTIAL_BROKER_BASE_EDIT_DISTANCE_H_
#define CREDENTIAL_BROKER_BASE_EDIT_DISTANCE_H_

#include <cstddef>
#include <string_view>

namespace credential_broker {

// How many single letters must be changed, added or dropped to make `b` of `a` (Levenshtein). Takes
// time in proportion to the product of their lengths: bound what comes from outside.
std::size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_EDIT_DISTANCE_H_
