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
                     std::function<void(ReadinessPhase)> on_change)
    : on_change_(std::move(on_change)) {
  MutexLock lock(mutex_);
  for (const std::string& name : credentials) {
    states_.emplace(name, CredentialState::kPending);
  }
  Enter(MayServe() ? ReadinessPhase::kReady : ReadinessPhase::kStarting);
}

void Readiness::Set(std::string_view credential, CredentialState state) {
  MutexLock lock(mutex_);
  if (auto it = states_.find(credential); it != states_.end()) {
    it->second = state;
    Update();
  }
}

void Readiness::Replace(const std::vector<std::string>& started,
                        const std::vector<std::string>& removed) {
  MutexLock lock(mutex_);
  for (const std::string& name : removed) {
    states_.erase(name);
  }
  for (const std::string& name : started) {
    states_.insert_or_assign(name, CredentialState::kPending);
  }
  Update();
}

void Readiness::StartDraining() {
  MutexLock lock(mutex_);
  if (phase_ != ReadinessPhase::kDraining) {
    Enter(ReadinessPhase::kDraining);
  }
}

ReadinessPhase Readiness::phase() const {
  MutexLock lock(mutex_);
  return phase_;
}

bool Readiness::MayServe() const {
  const auto attempted = [](const auto& entry) {
    return entry.second != CredentialState::kPending;
  };
  const auto usable = [](const auto& entry) { return HasUsableToken(entry.second); };
  return states_.empty() || (std::all_of(states_.begin(), states_.end(), attempted) &&
                             std::any_of(states_.begin(), states_.end(), usable));
}

void Readiness::Update() {
  if (phase_ == ReadinessPhase::kStarting && MayServe()) {
    Enter(ReadinessPhase::kReady);
  }
}

void Readiness::Enter(ReadinessPhase phase) {
  phase_ = phase;
  on_change_(phase);
}

}  // namespace credential_broker::service
