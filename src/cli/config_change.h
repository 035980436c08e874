#ifndef CREDENTIAL_BROKER_CLI_CONFIG_CHANGE_H_
#define CREDENTIAL_BROKER_CLI_CONFIG_CHANGE_H_

#include <string>
#include <vector>

#include "config/broker_config.h"

namespace credential_broker::cli {

// What a reload has changed.
struct ConfigChange {
  // Names of credentials, in order.
  std::vector<std::string> added;
  std::vector<std::string> changed;
  std::vector<std::string> removed;
  bool tls = false;  // the listener shows another certificate, or trusts another CA
  bool rate_limit = false;
  bool drain_delay = false;
};

// The keys in which `wanted` differs from `running` and that are read at the start only.
std::vector<std::string> KeysThatNeedRestart(const config::BrokerConfig& running,
                                             const config::BrokerConfig& wanted);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_CONFIG_CHANGE_H_
