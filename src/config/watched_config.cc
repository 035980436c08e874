#include "config/watched_config.h"

#include <utility>

namespace credential_broker::config {

std::set<std::string> NamedFiles(const BrokerConfig& config) {
  const TlsFiles& tls = config.server.tls;
  std::set<std::string> files = {tls.cert_file, tls.key_file, tls.client_ca_file, tls.crl_file};
  for (const ClientCaConfig& authority : tls.client_ca) {
    files.insert(authority.file);
  }
  for (const CredentialConfig& credential : config.credentials) {
    files.insert({credential.ca_file, credential.login.id_file, credential.login.secret_file});
  }
  files.erase("");  // a key that is not there
  return files;
}

WatchedConfig::WatchedConfig(std::string path, Overrides flags, Environment environment)
    : path_(std::move(path)),
      flags_(std::move(flags)),
      environment_(std::move(environment)),
      watched_({path_}) {}

absl::StatusOr<std::unique_ptr<WatchedConfig>> WatchedConfig::Start(std::string path,
                                                                    Overrides flags,
                                                                    Environment environment,
                                                                    FileWatcher::Callback on_change,
                                                                    FileWatcherOptions options) {
  std::unique_ptr<WatchedConfig> config(
      new WatchedConfig(std::move(path), std::move(flags), std::move(environment)));
  auto watcher = FileWatcher::Start({config->path_}, std::move(on_change), options);
  if (!watcher.ok()) {
    return watcher.status();
  }
  config->watcher_ = *std::move(watcher);
  return config;
}

absl::StatusOr<BrokerConfig> WatchedConfig::Load() {
  absl::StatusOr<BrokerConfig> config = LoadConfig(path_, flags_, environment_);
  if (config.ok()) {
    std::set<std::string> files = NamedFiles(*config);
    files.insert(watched_.begin(), watched_.end());
    Watch(std::move(files));
  }
  return config;
}

void WatchedConfig::TakenOver(const BrokerConfig& config) {
  std::set<std::string> files = NamedFiles(config);
  files.insert(path_);
  Watch(std::move(files));
}

void WatchedConfig::Watch(std::set<std::string> files) {
  if (files != watched_) {
    watched_ = std::move(files);
    watcher_->SetFiles({watched_.begin(), watched_.end()});
  }
}

}  // namespace credential_broker::config
