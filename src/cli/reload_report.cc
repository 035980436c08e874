#include "cli/reload_report.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "base/strings.h"

namespace credential_broker::cli {
namespace {

observe::LogLevel LevelNamed(std::string_view name) {
  return observe::ParseLogLevel(name).value_or(observe::LogLevel::kInfo);
}

std::string Joined(const std::vector<std::string>& names) { return absl::StrJoin(names, ", "); }

}  // namespace

std::string_view ReloadResultName(ReloadResult result) {
  switch (result) {
    case ReloadResult::kApplied:
      return "applied";
    case ReloadResult::kUnchanged:
      return "unchanged";
    case ReloadResult::kRefused:
      return "refused";
  }
  return "unknown";
}

ReloadReport::ReloadReport(observe::Logger& log, std::string_view level, ReloadObserver* observer)
    : log_(log), level_(LevelNamed(level)), observer_(observer) {}

void ReloadReport::Taken(const ConfigChange& change, std::string_view log_level,
                         const std::vector<std::string>& restart_needed, bool asked) {
  const observe::LogLevel level_before = std::exchange(level_, LevelNamed(log_level));
  std::vector<std::string> changed;
  if (change.tls) {
    changed.emplace_back("server.tls");
  }
  if (change.rate_limit) {
    changed.emplace_back("server.rate_limit");
  }
  if (change.drain_delay) {
    changed.emplace_back("server.drain_delay");
  }
  if (!change.added.empty() || !change.changed.empty() || !change.removed.empty()) {
    changed.emplace_back("credentials");
  }
  if (level_ != level_before) {
    changed.emplace_back("log.level");
  }
  // Texts that the fields point into.
  std::vector<std::pair<std::string_view, std::string>> texts;
  const auto add = [&texts](std::string_view key, const std::vector<std::string>& names) {
    if (!names.empty()) {
      texts.emplace_back(key, Joined(names));
    }
  };
  add("changed", changed);
  add("credentials_added", change.added);
  add("credentials_changed", change.changed);
  add("credentials_removed", change.removed);
  add("restart_needed", restart_needed);
  std::vector<observe::Field> fields;
  for (const auto& [key, text] : texts) {
    fields.emplace_back(key, text);
  }
  const bool nothing = texts.empty();
  const bool fixed = std::exchange(refused_, false);
  const observe::LogLevel level = !restart_needed.empty()       ? observe::LogLevel::kWarn
                                  : nothing && !asked && !fixed ? observe::LogLevel::kDebug
                                                                : observe::LogLevel::kInfo;
  // First: who reads of it in the log finds it counted.
  if (!nothing) {
    Tell(ReloadResult::kApplied);
  } else if (asked || fixed) {
    Tell(ReloadResult::kUnchanged);
  }
  // A log that falls silent says so before.
  log_.SetLevel(std::min(level_, level_before));
  log_.Log(level, nothing && !fixed ? "config_unchanged" : "config_reloaded", fields);
  log_.SetLevel(level_);
}

void ReloadReport::Refused(const absl::Status& why) {
  refused_ = true;
  Tell(ReloadResult::kRefused);
  log_.Error("config_refused", {{"reason", ToStd(why.message())},
                                {"in_force", "the configuration before, in every respect"}});
}

void ReloadReport::Incomplete(const absl::Status& why) {
  log_.Debug("config_incomplete", {{"reason", ToStd(why.message())}});
}

void ReloadReport::KeyFilesChanged(const std::vector<std::string>& credentials) {
  log_.Info("key_files_changed", {{"credentials", Joined(credentials)}});
}

void ReloadReport::Tell(ReloadResult result) {
  if (observer_ != nullptr) {
    observer_->OnReload(result);
  }
}

}  // namespace credential_broker::cli
