#ifndef CREDENTIAL_BROKER_CONFIG_WATCHED_CONFIG_H_
#define CREDENTIAL_BROKER_CONFIG_WATCHED_CONFIG_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/broker_config.h"
#include "config/file_watcher.h"
#include "config/load_config.h"

namespace credential_broker::config {

// Every file that `config` names: certificates, keys, authorities.
std::set<std::string> NamedFiles(const BrokerConfig& config);

// A configuration file and all that it names, watched: from the moment that Load returns no change
// of any of them is lost, since each is watched before it is read.
//
// Not thread-safe; Load and TakenOver are called on one thread at a time.
class WatchedConfig {
 public:
  // `path` need not exist yet. `flags` and `environment` count in every Load. `on_change` as
  // FileWatcher has it. Fails where the kernel gives no thread or descriptor.
  static absl::StatusOr<std::unique_ptr<WatchedConfig>> Start(std::string path, Overrides flags,
                                                              Environment environment,
                                                              FileWatcher::Callback on_change,
                                                              FileWatcherOptions options = {});

  // The configuration as the file says now. What it names is watched as well; what was watched
  // stays so, for it is in force until this one has been taken over. Fails as LoadConfig does.
  absl::StatusOr<BrokerConfig> Load();

  // `config` is in force: only what it names is watched from now on.
  void TakenOver(const BrokerConfig& config);

  // No callback runs after it. Idempotent; the destructor calls it.
  void Stop() { watcher_->Stop(); }

  const std::string& path() const { return path_; }

 private:
  WatchedConfig(std::string path, Overrides flags, Environment environment);
  void Watch(std::set<std::string> files);

  const std::string path_;
  const Overrides flags_;
  const Environment environment_;
  std::set<std::string> watched_;
  std::unique_ptr<FileWatcher> watcher_;
};

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_WATCHED_CONFIG_H_
