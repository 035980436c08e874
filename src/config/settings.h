#ifndef CREDENTIAL_BROKER_CONFIG_SETTINGS_H_
#define CREDENTIAL_BROKER_CONFIG_SETTINGS_H_

#include <optional>

#include "config/load_config.h"
#include "config/section.h"

namespace credential_broker::config {

// What flags and environment say in place of the file, each with the name it was said by.
struct Settings {
  std::optional<PlacedText> listen;
  std::optional<PlacedText> http_listen;
  std::optional<PlacedText> log_level;
  std::optional<PlacedText> log_format;
};

// Flags before environment.
Settings CollectSettings(const Overrides& flags, const Environment& environment);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_SETTINGS_H_
