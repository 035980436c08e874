#ifndef CREDENTIAL_BROKER_CONFIG_LOAD_CONFIG_H_
#define CREDENTIAL_BROKER_CONFIG_LOAD_CONFIG_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "config/broker_config.h"

namespace credential_broker::config {

// What the command line says in place of the file. A flag wins over the environment, which wins
// over the file.
struct Overrides {
  std::optional<std::string> listen;       // --listen, CREDENTIAL_BROKER_LISTEN
  std::optional<std::string> http_listen;  // --http-listen, CREDENTIAL_BROKER_HTTP_LISTEN
  std::optional<std::string> log_level;    // --log-level, CREDENTIAL_BROKER_LOG_LEVEL
  std::optional<std::string> log_format;   // --log-format, CREDENTIAL_BROKER_LOG_FORMAT
};

// The value of an environment variable; none where it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

// The environment of this process.
Environment ProcessEnvironment();

// An environment in which nothing is set.
Environment NoEnvironment();

// The configuration in `text`, which came from the file `file_name`; no file is opened.
//
// Fails with INVALID_ARGUMENT. The message has a line for every problem (at most 20, in the order
// of the file), each `FILE:LINE: key.path: what is wrong; the mend`; for a value from elsewhere the
// flag or the variable stands in place of file, line and key. It holds no value of a key that may
// be a secret.
absl::StatusOr<BrokerConfig> ParseConfig(std::string_view text, std::string_view file_name,
                                         const Overrides& flags = {},
                                         const Environment& environment = NoEnvironment());

// The same for the file at `path` of at most 1 MiB. Fails also where it cannot be read, naming it.
absl::StatusOr<BrokerConfig> LoadConfig(const std::string& path, const Overrides& flags,
                                        const Environment& environment);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_LOAD_CONFIG_H_
