#include "h2/principal_gate.h"

#include <utility>

namespace credential_broker::h2 {

PrincipalGate::PrincipalGate(const Limits& limits,
                             std::function<std::string(const Peer&)> principal_of,
                             Counters& counters)
    : limits_(limits),
      principal_of_(std::move(principal_of)),
      counters_(counters),
      connections_(limits.max_connections_per_principal) {}

bool PrincipalGate::Admit(const Peer& peer, PrincipalShare& share) {
  if (principal_of_ == nullptr) {
    return true;
  }
  const std::string principal = principal_of_(peer);
  if (principal.empty()) {
    return true;
  }
  KeyedPermits::Permit permit = connections_.TryAcquire(principal);
  if (!permit) {
    counters_.refused_per_principal.Add(peer.address);
    return false;
  }
  share.Begin(std::move(permit), limits_.max_streams_per_principal);
  return true;
}

}  // namespace credential_broker::h2
