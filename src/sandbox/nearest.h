#ifndef CREDENTIAL_BROKER_SANDBOX_NEAREST_H_
#define CREDENTIAL_BROKER_SANDBOX_NEAREST_H_

#include <string>
#include <string_view>
#include <vector>

namespace credential_broker::sandbox {

// The member of `known` that takes the fewest edits to reach from `name`. Empty where `known` is.
std::string Nearest(std::string_view name, const std::vector<std::string>& known);

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_NEAREST_H_
