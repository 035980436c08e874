#ifndef CREDENTIAL_BROKER_CLI_DURATION_H_
#define CREDENTIAL_BROKER_CLI_DURATION_H_

#include <string>

#include "absl/time/time.h"

namespace credential_broker::cli {

// For people, to the second: "45s", "3m58s", "2h5m", "3d4h". Never negative.
std::string ShortDuration(absl::Duration duration);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_DURATION_H_
