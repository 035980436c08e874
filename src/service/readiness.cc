#include "service/readiness.h"

#include <algorithm>
#include <utility>

namespace credential_broker::service {
namespace {

bool HasUsableToken(CredentialState state) {
  return state == CredentialState::kReady || state == CredentialState::kDegraded;
}

}  // namespace

Readiness::Readiness(const std::vector<std::string>& credentials,
                     std::function<void(bool)> on_change)
    : on_change_(std::move(on_change)) {
  MutexLock lock(mutex_);
  for (const std::string& name : credentials) {
    states_.emplace(name, CredentialState::kPending);
  }
  on_change_(ready_);
}

void Readiness::Set(std::string_view credential, CredentialState state) {
  MutexLock lock(mutex_);
  auto it = states_.find(credential);
  if (it != states_.end()) {
    it->second = state;
  } else if (HasUsableToken(state)) {
    states_.emplace(credential, state);
  }
  Update();
}

void Readiness::Remove(std::string_view credential) {
  MutexLock lock(mutex_);
  if (auto it = states_.find(credential); it != states_.end()) {
    states_.erase(it);
  }
  Update();
}

void Readiness::StartDraining() {
  MutexLock lock(mutex_);
  draining_ = true;
  Update();
}

bool Readiness::ready() const {
  MutexLock lock(mutex_);
  return ready_;
}

void Readiness::Update() {
  const bool ready = !draining_ && !states_.empty() &&
                     std::all_of(states_.begin(), states_.end(),
                                 [](const auto& entry) { return HasUsableToken(entry.second); });
  if (ready != ready_) {
    ready_ = ready;
    on_change_(ready);
  }
}

}  // namespace credential_broker::service
