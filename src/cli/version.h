#ifndef CREDENTIAL_BROKER_CLI_VERSION_H_
#define CREDENTIAL_BROKER_CLI_VERSION_H_

#include <string_view>

namespace credential_broker::cli {

// Version of this build, such as "0.1.0".
std::string_view Version();

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_VERSION_H_
