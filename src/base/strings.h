#ifndef CREDENTIAL_BROKER_BASE_STRINGS_H_
#define CREDENTIAL_BROKER_BASE_STRINGS_H_

#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace credential_broker {

// Debian 12 builds abseil for C++14, where absl::string_view is a type of its own: these are the
// bridges.
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view ToStd(absl::string_view text) { return {text.data(), text.size()}; }

// absl::StrCat that takes std::string_view as well.
template <typename... Parts>
std::string StrCat(const Parts&... parts) {
  auto bridge = [](const auto& part) -> decltype(auto) {
    if constexpr (std::is_same_v<std::decay_t<decltype(part)>, std::string_view>) {
      return ToAbsl(part);
    } else {
      return (part);
    }
  };
  return absl::StrCat(bridge(parts)...);
}

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_STRINGS_H_
