#ifndef CREDENTIAL_BROKER_IDENTITY_PRINCIPAL_H_
#define CREDENTIAL_BROKER_IDENTITY_PRINCIPAL_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/peer.h"

namespace credential_broker::identity {

// CALLER_UNAUTHENTICATED with that message.
absl::Status Unauthenticated(std::string_view message);

// The principal that a connection stands for:
//
//   spiffe://…    the certificate's only URI SAN (X.509-SVID §2: exactly one)
//   dns:NAME      else the certificate's first DNS SAN
//   unix:uid:UID  the process at the other end of a unix socket
//   anonymous     a listener that asks for neither
//
// Fails with CALLER_UNAUTHENTICATED where a certificate has no SPIFFE ID or DNS name, has several,
// or has a name that its CA may not issue certificates for (Peer::certificate_scope). Pure.
absl::StatusOr<std::string> PrincipalOf(const Peer& peer);

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_PRINCIPAL_H_
