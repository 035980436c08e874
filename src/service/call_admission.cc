#include "service/call_admission.h"

#include <string>

#include "base/strings.h"
#include "core/reason.h"
#include "identity/principal.h"
#include "identity/quota_key.h"
#include "service/caller.h"
#include "service/error_status.h"

namespace credential_broker::service {

std::optional<google::rpc::Status> CallAdmission::CountCall(const Peer& peer) {
  if (!rate_.limited()) {
    return std::nullopt;
  }
  const std::string key = identity::QuotaKeyOf(peer);
  const absl::Duration wait = rate_.Take(key);
  if (wait <= absl::ZeroDuration()) {
    return std::nullopt;
  }
  audit_.CallerDenied(identity::PrincipalOf(peer).value_or(""), peer.address, "",
                      Reason::kCallerRateLimited);
  return ToRpcStatus(CallsTooOften(key, wait));
}

google::rpc::Status CallAdmission::TooManyStreams(const Peer& peer) {
  audit_.CallerDenied(identity::PrincipalOf(peer).value_or(""), peer.address, "",
                      Reason::kCallerRateLimited);
  return ToRpcStatus(HasTooManyStreams(identity::QuotaKeyOf(peer)));
}

}  // namespace credential_broker::service
