#include "core/credential_state.h"

namespace credential_broker {

std::string_view CredentialStateName(CredentialState state) {
  switch (state) {
    case CredentialState::kPending:
      return "pending";
    case CredentialState::kReady:
      return "ready";
    case CredentialState::kDegraded:
      return "degraded";
    case CredentialState::kUnavailable:
      return "unavailable";
    case CredentialState::kRejected:
      return "rejected";
  }
  return "unknown";
}

}  // namespace credential_broker
