#include "cli/serving_credentials.h"

#include <utility>

#include "core/clock.h"
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

}  // namespace

ServingCredentials::ServingCredentials(const std::vector<config::CredentialConfig>& configs,
                                       CredentialObserver& observer) {
  for (const config::CredentialConfig& credential : configs) {
    const Runner runner = CredentialRunner::Create(
        credential.name, {credential.refresh_at}, MakeSession(credential), SystemClock(), observer);
    runners_.emplace(credential.name, runner);
    by_key_file_[credential.login.id_file].push_back(runner);
    by_key_file_[credential.login.secret_file].push_back(runner);
  }
}

ServingCredentials::~ServingCredentials() { Stop(); }

absl::Status ServingCredentials::Begin() {
  // The files are watched before they are read for the first time, so that no change falls between.
  std::vector<std::string> files;
  for (const auto& [file, runners] : by_key_file_) {
    files.push_back(file);
  }
  auto watcher =
      config::FileWatcher::Start(std::move(files), [this](const std::vector<std::string>& changed) {
        for (const std::string& file : changed) {
          for (const Runner& runner : by_key_file_.at(file)) {
            runner->OnKeyChanged();
          }
        }
      });
  if (!watcher.ok()) {
    return watcher.status();
  }
  watcher_ = *std::move(watcher);
  for (const auto& [name, runner] : runners_) {
    if (absl::Status status = runner->Begin(); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

void ServingCredentials::Stop() {
  if (watcher_ != nullptr) {
    watcher_->Stop();
  }
  for (const auto& [name, runner] : runners_) {
    runner->Stop();
  }
}

std::map<std::string, std::shared_ptr<Credential>, std::less<>> ServingCredentials::credentials()
    const {
  return {runners_.begin(), runners_.end()};
}

}  // namespace credential_broker::cli
