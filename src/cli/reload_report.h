#ifndef CREDENTIAL_BROKER_CLI_RELOAD_REPORT_H_
#define CREDENTIAL_BROKER_CLI_RELOAD_REPORT_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "cli/config_change.h"
#include "observe/log.h"

namespace credential_broker::cli {

enum class ReloadResult {
  kApplied,    // a new state is in force
  kUnchanged,  // nothing new, found by SIGHUP or in place of what was refused
  kRefused,    // the new state is wrong, and the old one stays
};

inline constexpr std::array kReloadResults = {ReloadResult::kApplied, ReloadResult::kUnchanged,
                                              ReloadResult::kRefused};

// "applied", "unchanged", "refused".
std::string_view ReloadResultName(ReloadResult result);

// Told of each reload, on the thread that reloads. Must not block.
class ReloadObserver {
 public:
  virtual ~ReloadObserver() = default;
  virtual void OnReload(ReloadResult result) = 0;
};

// Writes into the log how reloads went: events `config_reloaded`, `config_unchanged`,
// `config_refused`, `key_files_changed` and, as debug, `config_incomplete`. Names, keys and places
// are told; never what a file holds.
class ReloadReport {
 public:
  // `level` is that of `log`, as the configuration names it. Both others outlive the report;
  // `observer` may be null.
  ReloadReport(observe::Logger& log, std::string_view level, ReloadObserver* observer);

  // A configuration is in force; after a refusal that is reported even if nothing changes. From now
  // on the log has what is of its `log_level` and above. `restart_needed`: keys that are read at
  // the start only. `asked`: by SIGHUP, and somebody waits for the answer.
  void Taken(const ConfigChange& change, std::string_view log_level,
             const std::vector<std::string>& restart_needed, bool asked);
  void Refused(const absl::Status& why);
  // It is wrong so far; not refused yet, for somebody may be writing it just now.
  void Incomplete(const absl::Status& why);
  void KeyFilesChanged(const std::vector<std::string>& credentials);

 private:
  void Tell(ReloadResult result);

  observe::Logger& log_;
  observe::LogLevel level_;
  ReloadObserver* const observer_;
  bool refused_ = false;  // since the last Taken
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_RELOAD_REPORT_H_
