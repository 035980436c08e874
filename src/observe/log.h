#ifndef CREDENTIAL_BROKER_OBSERVE_LOG_H_
#define CREDENTIAL_BROKER_OBSERVE_LOG_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "base/clock.h"
#include "observe/field.h"
#include "observe/log_level.h"

namespace spdlog {
class logger;  // NOLINT(readability-identifier-naming): spdlog's name
}  // namespace spdlog

namespace credential_broker::observe {

class LogWriter;

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
// Thread-safe, except Close. A level that is left out costs one atomic read and the making of the
// fields. Logging never fails: a line that cannot be written is dropped.
class Logger {
 public:
  // Returns a logger that writes to the process's standard error on a thread of its own, so that a
  // slow reader of the log blocks nobody who logs (LogWriter). `clock` lives to the end of the
  // process. RESOURCE_EXHAUSTED: there is no thread or descriptor for it.
  static absl::StatusOr<std::unique_ptr<Logger>> ToStandardError(LogOptions options,
                                                                 const Clock& clock);

  // `clock` outlives the logger.
  Logger(LogOptions options, const Clock& clock, LineSink sink);

  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;
  // Calls Close.
  ~Logger();

  // Blocks until the lines logged so far have been written, at most LogWriter::kMaxFlush; those
  // that come later are dropped. Does nothing where a LineSink takes the lines. Idempotent.
  void Close();

  // Returns the number of lines dropped because the reader of the log is too slow, or because
  // standard error refuses them.
  std::uint64_t lines_dropped() const;

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
  std::shared_ptr<LogWriter> writer_;  // null: a LineSink takes the lines
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_LOG_H_
