#ifndef CREDENTIAL_BROKER_CONFIG_NOT_SUPPORTED_H_
#define CREDENTIAL_BROKER_CONFIG_NOT_SUPPORTED_H_

#include <set>
#include <string>
#include <string_view>

namespace credential_broker::config {

// Keys of the design whose feature is not built yet are known, and refused by name: a file that
// counts on one must not start as if it had it. The table of them stands in not_supported.cc.

// `path` may hold indices: "credentials[3].broker".
bool IsNotSupportedYet(std::string_view path);

// The same for one value of a key that has others which work.
bool IsNotSupportedYet(std::string_view path, std::string_view value);

// The last parts of the table's paths that stand directly below `section`: known names for a
// spelling aid.
std::set<std::string> NotSupportedKeysOf(std::string_view section);

inline constexpr std::string_view kNotSupportedYet = "not supported yet; remove it";

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_NOT_SUPPORTED_H_
