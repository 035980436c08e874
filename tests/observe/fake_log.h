#ifndef CREDENTIAL_BROKER_TESTS_OBSERVE_FAKE_LOG_H_
#define CREDENTIAL_BROKER_TESTS_OBSERVE_FAKE_LOG_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "observe/log.h"
#include "support/fake_clock.h"

namespace credential_broker::observe {

// The time of all lines.
inline constexpr absl::Time kLogTime = absl::FromUnixMillis(1767323045678);
inline constexpr std::string_view kJsonTime = R"({"time":"2026-01-02T03:04:05.678Z",)";

// A logger that keeps its lines. Thread-safe.
class FakeLog {
 public:
  explicit FakeLog(LogOptions options = {})
      : logger_(options, clock_, [this](std::string_view line) {
          const MutexLock lock(mutex_);
          lines_.emplace_back(line);
        }) {}

  Logger& logger() { return logger_; }

  std::vector<std::string> Lines() const {
    const MutexLock lock(mutex_);
    return lines_;
  }

  // The only line, without time and line end.
  std::string Only() const {
    const std::vector<std::string> lines = Lines();
    if (lines.size() != 1) {
      return std::to_string(lines.size()) + " lines";
    }
    const std::string& line = lines[0];
    const bool whole = line.starts_with(kJsonTime) && line.ends_with("}\n");
    return whole ? line.substr(kJsonTime.size(), line.size() - kJsonTime.size() - 1) : line;
  }

 private:
  const FakeClock clock_{kLogTime};
  mutable Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  Logger logger_;
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_TESTS_OBSERVE_FAKE_LOG_H_
