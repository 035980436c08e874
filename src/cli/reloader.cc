#include "cli/reloader.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace credential_broker::cli {
namespace {

// How long two halves of a change may be apart, beyond what the watcher waits for anyway.
constexpr absl::Duration kPatience = absl::Seconds(1);

constexpr absl::Duration kRetry = absl::Minutes(1);

}  // namespace

Reloader::Reloader(ReloadInbox& inbox, config::WatchedConfig& config, Reloadable& target,
                   ReloadReport& report, config::BrokerConfig running)
    : inbox_(inbox),
      config_(config),
      target_(target),
      report_(report),
      started_(std::move(running)) {}

absl::Status Reloader::Start() {
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    return absl::ResourceExhaustedError(
        "no thread can be started for reloads; raise the limit of processes or of memory");
  }
  return absl::OkStatus();
}

void Reloader::Stop() {
  if (thread_.joinable()) {
    inbox_.Stop();
    thread_.join();
  }
}

void Reloader::Run() {
  for (;;) {
    const ReloadInbox::Mail mail = inbox_.Take(std::min(refuse_at_, retry_at_));
    if (mail.stop) {
      return;
    }
    Handle(mail);
  }
}

void Reloader::Handle(const ReloadInbox::Mail& mail) {
  // Those in force, whatever becomes of the configuration: keys are read at each login.
  const std::vector<std::string> with_new_keys = target_.OnFilesChanged(mail.changed);
  if (!with_new_keys.empty()) {
    report_.KeyFilesChanged(with_new_keys);
  }
  const absl::Status status = LoadAndApply(mail.asked);
  if (status.ok()) {
    refuse_at_ = BootTime::InfiniteFuture();
    retry_at_ = BootTime::InfiniteFuture();
    refused_.clear();
    return;
  }
  const bool is_known = refused_ == status.message();
  if (mail.asked || (!is_known && refuse_at_ <= inbox_.Now())) {
    refuse_at_ = BootTime::InfiniteFuture();
    retry_at_ = inbox_.Now() + kRetry;
    refused_ = std::string(status.message());
    report_.Refused(status);
    return;
  }
  report_.Incomplete(status);
  if (is_known) {
    refuse_at_ = BootTime::InfiniteFuture();
    retry_at_ = inbox_.Now() + kRetry;
  } else {
    refuse_at_ = std::min(refuse_at_, inbox_.Now() + kPatience);
    retry_at_ = BootTime::InfiniteFuture();
  }
}

absl::Status Reloader::LoadAndApply(bool asked) {
  const absl::StatusOr<config::BrokerConfig> config = config_.Load();
  if (!config.ok()) {
    return config.status();
  }
  const absl::StatusOr<ConfigChange> change = target_.Apply(*config);
  if (!change.ok()) {
    return change.status();
  }
  config_.TakenOver(*config);
  report_.Taken(*change, config->log.level, KeysThatNeedRestart(started_, *config), asked);
  return absl::OkStatus();
}

}  // namespace credential_broker::cli
