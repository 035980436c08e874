#ifndef CREDENTIAL_BROKER_OBSERVE_LOG_H_
#define CREDENTIAL_BROKER_OBSERVE_LOG_H_

#include <atomic>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "absl/types/span.h"
#include "core/clock.h"
#include "observe/field.h"
#include "observe/log_level.h"

namespace spdlog {
class logger;  // NOLINT(readability-identifier-naming): spdlog's name
}  // namespace spdlog

namespace credential_broker::observe {

struct LogOptions {
  LogLevel level = LogLevel::kInfo;  // what is below it is left out
  LogFormat format = LogFormat::kJson;
};

// Takes one line, its end included. Calls never overlap. It may throw: the line is then lost, and
// nothing else.
using LineSink = std::function<void(std::string_view line)>;

// The broker's log: an event with its fields is a line.
//
//   log.Info("token_obtained", {{"credential", name}, {"lifetime_seconds", token.lifetime}});
//
// Thread-safe. A level that is left out costs one atomic read and the making of the fields. Logging
// never fails: a line that cannot be written is dropped.
class Logger {
 public:
  // Writes to the process's standard error, which is waited for at most a second in all (FdWriter
  // tells how), so that a reader of the log that hangs does not hang the broker. A reader that is
  // gone is harmless only where the process ignores SIGPIPE. `clock` outlives the logger.
  Logger(LogOptions options, const Clock& clock);

  Logger(LogOptions options, const Clock& clock, LineSink sink);

  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;
  ~Logger();

  void SetLevel(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  bool Enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }

  void Debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    Log(LogLevel::kDebug, event, fields);
  }
  void Info(std::string_view event, std::initializer_list<Field> fields = {}) {
    Log(LogLevel::kInfo, event, fields);
  }
  void Warn(std::string_view event, std::initializer_list<Field> fields = {}) {
    Log(LogLevel::kWarn, event, fields);
  }
  void Error(std::string_view event, std::initializer_list<Field> fields = {}) {
    Log(LogLevel::kError, event, fields);
  }

  // For fields that are gathered first.
  void Log(LogLevel level, std::string_view event, absl::Span<const Field> fields) {
    if (Enabled(level)) {
      Write(level, event, fields);
    }
  }

  // Written as info, whatever the level: "who held version V?" must be answered by the log of every
  // broker.
  void Audit(std::string_view event, std::initializer_list<Field> fields) {
    Write(LogLevel::kInfo, event, fields);
  }

 private:
  void Write(LogLevel level, std::string_view event, absl::Span<const Field> fields);

  std::atomic<LogLevel> level_;
  const LogFormat format_;
  const Clock& clock_;
  const std::unique_ptr<spdlog::logger> out_;
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_LOG_H_
