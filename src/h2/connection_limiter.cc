#include "h2/connection_limiter.h"

namespace credential_broker::h2 {

ConnectionLimiter::Permit ConnectionLimiter::Admit(const std::string& address) {
  MutexLock lock(mutex_);
  if (!HasPlace(address)) {
    return Permit();
  }
  counters_.connections_accepted.Add();
  return Permit(*this, address);
}

bool ConnectionLimiter::HasPlace(const std::string& address) {
  if (total_ >= limits_.max_connections) {
    counters_.refused_total.Add(address);
    return false;
  }
  const auto found = per_address_.find(address);
  const std::size_t of_address = found == per_address_.end() ? 0 : found->second;
  if (of_address >= limits_.max_connections_per_address) {
    counters_.refused_per_address.Add(address);
    return false;
  }
  return true;
}

bool ConnectionLimiter::Take(const std::string& address) {
  MutexLock lock(mutex_);
  if (!HasPlace(address)) {
    return false;
  }
  ++per_address_[address];
  ++total_;
  return true;
}

void ConnectionLimiter::Release(const std::string& address, bool counted) {
  counters_.connections_closed.Add();
  if (!counted) {
    return;
  }
  MutexLock lock(mutex_);
  --total_;
  if (auto it = per_address_.find(address); it != per_address_.end() && --it->second == 0) {
    per_address_.erase(it);
  }
}

}  // namespace credential_broker::h2
