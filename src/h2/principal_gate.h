#ifndef CREDENTIAL_BROKER_H2_PRINCIPAL_GATE_H_
#define CREDENTIAL_BROKER_H2_PRINCIPAL_GATE_H_

#include <functional>
#include <string>

#include "base/keyed_permits.h"
#include "core/peer.h"
#include "h2/counters.h"
#include "h2/limits.h"
#include "h2/principal_share.h"

namespace credential_broker::h2 {

// Bounds what each principal has open over all of its connections: Limits'
// max_connections_per_principal and max_streams_per_principal. Thread-safe.
class PrincipalGate {
 public:
  // `limits` and `counters` outlive the gate. `principal_of`: as in ServerOptions.
  PrincipalGate(const Limits& limits, std::function<std::string(const Peer&)> principal_of,
                Counters& counters);

  // Puts the connection of `peer` into `share`, unless it has no principal. Returns false, and
  // counts it, where the principal has too many connections.
  bool Admit(const Peer& peer, PrincipalShare& share);

 private:
  const Limits& limits_;
  const std::function<std::string(const Peer&)> principal_of_;
  Counters& counters_;
  KeyedPermits connections_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_PRINCIPAL_GATE_H_
