#include "sandbox/stats.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/strings.h"
#include "sandbox/nearest.h"

namespace credential_broker::sandbox {

const std::vector<std::string>& CounterNames() {
  static const auto& names = *new std::vector<std::string>{"logins",
                                                           "refreshes",
                                                           "users",
                                                           "login_requests",
                                                           "refresh_requests",
                                                           "users_requests",
                                                           "refresh_reuses",
                                                           "rejected_logins",
                                                           "rejected_refreshes",
                                                           "rejected_users",
                                                           "malformed",
                                                           "forced",
                                                           "garbled",
                                                           "lost",
                                                           "hanging",
                                                           "hung_up",
                                                           "redirected",
                                                           "not_found",
                                                           "in_flight",
                                                           "auth_in_flight",
                                                           "max_auth_in_flight",
                                                           "connections",
                                                           "open_connections",
                                                           "refused_connections",
                                                           "handshake_failures"};
  return names;
}

absl::StatusOr<Counter> FindCounter(std::string_view name) {
  const auto& names = CounterNames();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    return absl::InvalidArgumentError(StrCat("unknown counter \"", name.substr(0, 64),
                                             "\"; the nearest is \"", Nearest(name, names), "\""));
  }
  return static_cast<Counter>(std::distance(names.begin(), found));
}

void Stats::Add(Counter counter, std::int64_t amount) {
  counts_[static_cast<std::size_t>(counter)] += amount;
  if (counter == Counter::kAuthInFlight) {
    auto& most = counts_[static_cast<std::size_t>(Counter::kMaxAuthInFlight)];
    most = std::max(most, Get(Counter::kAuthInFlight));
  }
}

Stats::EntryId Stats::Begin(std::string_view operation, absl::Duration at) {
  if (log_.size() == kLogSize) {
    log_.pop_front();
  }
  Entry entry;
  entry.id = ++last_id_;
  entry.operation = std::string(operation);
  entry.began = at;
  log_.push_back(std::move(entry));
  return last_id_;
}

void Stats::End(EntryId id, std::string_view outcome, int status, absl::Duration at) {
  if (log_.empty() || id < log_.front().id) {
    return;  // forgotten by now
  }
  Entry& entry = log_[static_cast<std::size_t>(id - log_.front().id)];
  entry.outcome = std::string(outcome);
  entry.status = status;
  entry.took = at - entry.began;
}

std::string Stats::ToJson() const {
  auto json = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < kCounters; ++i) {
    json[CounterNames()[i]] = counts_[i];
  }
  auto log = nlohmann::ordered_json::array();
  for (const Entry& entry : log_) {
    log.push_back({{"n", entry.id},
                   {"operation", entry.operation},
                   {"outcome", entry.outcome},
                   {"status", entry.status},
                   {"at_seconds", absl::ToDoubleSeconds(entry.began)},
                   {"took_seconds", absl::ToDoubleSeconds(entry.took)}});
  }
  json["log"] = std::move(log);
  return json.dump(2);
}

}  // namespace credential_broker::sandbox
