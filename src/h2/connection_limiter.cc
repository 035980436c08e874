#include "h2/connection_limiter.h"

namespace credential_broker::h2 {

ConnectionLimiter::Permit ConnectionLimiter::Admit(const std::string& address) {
  MutexLock lock(mutex_);
  if (total_ >= limits_.max_connections) {
    counters_.refused_total.Add(address);
    return Permit();
  }
  auto [it, added] = per_address_.try_emplace(address, 0);
  if (it->second >= limits_.max_connections_per_address) {
    counters_.refused_per_address.Add(address);
    if (added) {
      per_address_.erase(it);
    }
    return Permit();
  }
  ++it->second;
  ++total_;
  counters_.connections_accepted.Add();
  return Permit(*this, address);
}

void ConnectionLimiter::Release(const std::string& address) {
  counters_.connections_closed.Add();
  MutexLock lock(mutex_);
  --total_;
  if (auto it = per_address_.find(address); it != per_address_.end() && --it->second == 0) {
    per_address_.erase(it);
  }
}

}  // namespace credential_broker::h2
