#ifndef CREDENTIAL_BROKER_OBSERVE_LOG_LEVEL_H_
#define CREDENTIAL_BROKER_OBSERVE_LOG_LEVEL_H_

#include <optional>
#include <string_view>

namespace credential_broker::observe {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

enum class LogFormat { kJson, kText };

// "debug", "info", "warn", "error".
std::string_view LogLevelName(LogLevel level);

// The words of the configuration; none for any other.
std::optional<LogLevel> ParseLogLevel(std::string_view name);
std::optional<LogFormat> ParseLogFormat(std::string_view name);

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_LOG_LEVEL_H_
