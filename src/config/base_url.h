#ifndef CREDENTIAL_BROKER_CONFIG_BASE_URL_H_
#define CREDENTIAL_BROKER_CONFIG_BASE_URL_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace credential_broker::config {

// `https://host[:port][/path]` without the slashes at its end: what paths such as /auth/login/ are
// put behind. The message of an error tells the mend and does not repeat the URL, which may hold a
// password.
absl::StatusOr<std::string> ParseBaseUrl(std::string_view url);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_BASE_URL_H_
