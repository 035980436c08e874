#include "config/settings.h"

#include <cstdlib>
#include <utility>

namespace credential_broker::config {
namespace {

// An empty variable counts as not set: that is how a shell clears one for a single command.
std::optional<PlacedText> Choose(const std::optional<std::string>& flag, const char* flag_name,
                                 const Environment& environment, const char* variable) {
  if (flag.has_value()) {
    return PlacedText{*flag, {0, flag_name}};
  }
  std::optional<std::string> value = environment(variable);
  if (value.has_value() && !value->empty()) {
    return PlacedText{*std::move(value), {0, variable}};
  }
  return std::nullopt;
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing sets variables
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

Environment NoEnvironment() {
  return [](const char* /*name*/) -> std::optional<std::string> { return std::nullopt; };
}

Settings CollectSettings(const Overrides& flags, const Environment& environment) {
  return {
      Choose(flags.listen, "--listen", environment, "CREDENTIAL_BROKER_LISTEN"),
      Choose(flags.http_listen, "--http-listen", environment, "CREDENTIAL_BROKER_HTTP_LISTEN"),
      Choose(flags.log_level, "--log-level", environment, "CREDENTIAL_BROKER_LOG_LEVEL"),
      Choose(flags.log_format, "--log-format", environment, "CREDENTIAL_BROKER_LOG_FORMAT"),
  };
}

}  // namespace credential_broker::config
