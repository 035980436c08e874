#include "cli/serving_credentials.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "upstream/https_client.h"
#include "upstream/investsuite.h"

namespace credential_broker::cli {
namespace {

std::unique_ptr<UpstreamSession> MakeSession(const config::CredentialConfig& credential) {
  upstream::HttpsClientOptions https;
  https.ca_file = credential.ca_file;
  https.connect_timeout = credential.connect_timeout;
  https.request_timeout = credential.request_timeout;
  const upstream::KeyFiles key_files = {
      .kind = credential.login.kind == config::LoginKind::kAccessKey
                  ? upstream::KeyFiles::Kind::kAccessKey
                  : upstream::KeyFiles::Kind::kPassword,
      .id_file = credential.login.id_file,
      .secret_file = credential.login.secret_file,
  };
  return upstream::MakeInvestSuiteSession(
      credential.base_url, key_files, upstream::MakeHttpsClient(std::move(https)), SystemClock());
}

RefreshPolicy PolicyOf(const config::CredentialConfig& credential) {
  return {credential.refresh_at};
}

bool SameAccount(const config::CredentialConfig& a, const config::CredentialConfig& b) {
  return a.base_url == b.base_url && a.login == b.login;
}

bool KeptTheSameWay(const config::CredentialConfig& a, const config::CredentialConfig& b) {
  return a.ca_file == b.ca_file && a.connect_timeout == b.connect_timeout &&
         a.request_timeout == b.request_timeout && a.refresh_at == b.refresh_at;
}

bool Contains(const std::vector<std::string>& files, const std::string& file) {
  return std::find(files.begin(), files.end(), file) != files.end();
}

}  // namespace

std::map<std::string, std::shared_ptr<Credential>, std::less<>>
ServingCredentials::Change::credentials() const {
  std::map<std::string, std::shared_ptr<Credential>, std::less<>> credentials;
  for (const auto& [name, kept] : after_) {
    credentials.emplace(name, kept.runner);
  }
  return credentials;
}

absl::StatusOr<ServingCredentials::Change> ServingCredentials::Prepare(
    const std::vector<config::CredentialConfig>& configs) {
  Change change;
  for (const config::CredentialConfig& config : configs) {
    const auto known = all_.find(config.name);
    if (known != all_.end() && SameAccount(known->second.config, config)) {
      const Kept& kept = known->second;
      change.after_.emplace(config.name, Kept{config, kept.runner});
      if (!(kept.config == config)) {
        change.names_.changed.push_back(config.name);
      }
      if (!KeptTheSameWay(kept.config, config)) {
        change.reconfigure_.push_back(config.name);
      }
      continue;
    }
    const std::shared_ptr<CredentialRunner> runner = CredentialRunner::Create(
        config.name, PolicyOf(config), MakeSession(config), SystemClock(), observer_);
    if (absl::Status status = runner->Prepare(); !status.ok()) {
      return status;
    }
    change.after_.emplace(config.name, Kept{config, runner});
    change.begin_.push_back(config.name);
    (known == all_.end() ? change.names_.added : change.names_.changed).push_back(config.name);
  }
  for (const auto& [name, kept] : all_) {
    if (!change.after_.contains(name)) {
      change.names_.removed.push_back(name);
    }
  }
  return change;
}

void ServingCredentials::Commit(Change change) {
  all_.swap(change.after_);
  for (const auto& [name, before] : change.after_) {
    const auto now = all_.find(name);
    if (now == all_.end() || now->second.runner != before.runner) {
      before.runner->Stop();
    }
  }
  observer_.OnReplaced(change.begin_, change.names_.removed);
  for (const std::string& name : change.reconfigure_) {
    const Kept& kept = all_.find(name)->second;
    kept.runner->Reconfigure(PolicyOf(kept.config), MakeSession(kept.config));
  }
  for (const std::string& name : change.begin_) {
    // Prepared: it cannot fail.
    all_.find(name)->second.runner->Begin().IgnoreError();
  }
}

std::vector<std::string> ServingCredentials::OnFilesChanged(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const auto& [name, kept] : all_) {
    const config::LoginFiles& login = kept.config.login;
    if (Contains(files, login.id_file) || Contains(files, login.secret_file)) {
      kept.runner->OnKeyChanged();
      names.push_back(name);
    }
  }
  return names;
}

void ServingCredentials::Stop() {
  for (const auto& [name, kept] : all_) {
    kept.runner->Stop();
  }
}

}  // namespace credential_broker::cli
