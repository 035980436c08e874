#include "identity/quota_key.h"

#include <utility>

#include "absl/status/statusor.h"
#include "base/strings.h"
#include "identity/principal.h"

namespace credential_broker::identity {

std::string QuotaKeyOf(const Peer& peer) {
  absl::StatusOr<std::string> principal = PrincipalOf(peer);
  if (!principal.ok()) {
    return "unidentified";
  }
  return IsAnonymous(*principal) ? StrCat("anonymous at ", peer.counted_as) : *std::move(principal);
}

bool IsAnonymous(std::string_view principal) { return principal == "anonymous"; }

}  // namespace credential_broker::identity
