#include "core/credential_watchers.h"

#include <algorithm>
#include <utility>

namespace credential_broker {

class CredentialWatchers::Watch final : public CredentialWatch {
 public:
  explicit Watch(std::function<void()> on_change) : on_change_(std::move(on_change)) {}
  void Tell() const { on_change_(); }

 private:
  const std::function<void()> on_change_;
};

std::shared_ptr<CredentialWatch> CredentialWatchers::Add(std::function<void()> on_change) {
  auto watch = std::make_shared<Watch>(std::move(on_change));
  MutexLock lock(mutex_);
  if (watches_.size() >= prune_at_) {
    Prune();
  }
  watches_.push_back(watch);
  return watch;
}

void CredentialWatchers::Prune() {
  std::erase_if(watches_, [](const auto& watch) { return watch.expired(); });
  prune_at_ = std::max(kMinPruned, 2 * watches_.size());
}

void CredentialWatchers::Tell(const CredentialSnapshot& snapshot, BootTime now) {
  const RefreshState& state = snapshot.refresh;
  Shown shown;
  if (state.token != nullptr && state.token->UsableAt(now)) {
    shown.version = state.token->version;
  }
  shown.state = StateAt(snapshot, now);
  if (state.last_failure.has_value()) {
    shown.last_error = ReasonOf(*state.last_failure);
  }
  shown.due = state.in_flight.has_value() ? told_.due : state.due;
  if (shown == told_) {
    return;
  }
  told_ = std::move(shown);
  for (const auto& watch : Living()) {
    watch->Tell();
  }
}

std::vector<std::shared_ptr<CredentialWatchers::Watch>> CredentialWatchers::Living() {
  std::vector<std::shared_ptr<Watch>> living;
  MutexLock lock(mutex_);
  living.reserve(watches_.size());
  for (const auto& watch : watches_) {
    if (auto alive = watch.lock()) {
      living.push_back(std::move(alive));
    }
  }
  watches_.assign(living.begin(), living.end());
  return living;
}

}  // namespace credential_broker
