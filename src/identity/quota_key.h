#ifndef CREDENTIAL_BROKER_IDENTITY_QUOTA_KEY_H_
#define CREDENTIAL_BROKER_IDENTITY_QUOTA_KEY_H_

#include <string>
#include <string_view>

#include "core/peer.h"

namespace credential_broker::identity {

// Returns the name by which a connection is counted for limits of each principal: its principal;
// "unidentified" for all certificates that name no principal; "anonymous at ADDRESS" for an
// anonymous connection, so that one address cannot use up what others need. Pure.
std::string QuotaKeyOf(const Peer& peer);

// Returns true for the principal that all callers without a certificate, uid or token share.
bool IsAnonymous(std::string_view principal);

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_QUOTA_KEY_H_
