#include "observe/audit.h"

#include "base/peer_address.h"
#include "core/reason.h"

namespace credential_broker::observe {

void AuditLog::TokenIssued(std::string_view principal, std::string_view peer_address,
                           std::string_view credential, std::string_view version) {
  const std::string_view host = HostOf(peer_address);
  if (!issued_.IsFirst({principal, host, credential}, version)) {
    return;
  }
  log_.Audit(
      "token_issued",
      {{"principal", principal}, {"peer", host}, {"credential", credential}, {"version", version}});
}

void AuditLog::CallerDenied(std::string_view principal, std::string_view peer_address,
                            std::string_view credential, Reason reason) {
  denials_.Add({principal, HostOf(peer_address), credential, reason});
}

void AuditLog::AdminRefresh(std::string_view principal, std::string_view credential,
                            std::string_view result) {
  log_.Audit("admin_refresh",
             {{"principal", principal}, {"credential", credential}, {"result", result}});
}

}  // namespace credential_broker::observe
