#ifndef CREDENTIAL_BROKER_CORE_TOKEN_H_
#define CREDENTIAL_BROKER_CORE_TOKEN_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"
#include "core/upstream_session.h"

namespace credential_broker {

// An access token as it is handed out. Immutable once published, so that it is shared without a
// lock.
//
//   obtained                refresh_at               usable_until     expires_at
//      |------------------------|-------------------------|--------------|
//      |<------------------------- lifetime --------------------------->|
//                                                         |<- slack(L) ->|
struct Token {
  Secret value;
  std::string token_type;
  std::string version;  // opaque, not secret, never the same twice
  absl::Duration lifetime;
  BootTime expires_at;
  BootTime usable_until;
  BootTime refresh_at;
  absl::Time expire_time;   // expires_at by the wall clock, when it was obtained
  absl::Time refresh_time;  // refresh_at likewise

  bool UsableAt(BootTime now) const { return now < usable_until; }
};

using TokenPtr = std::shared_ptr<const Token>;

// A token that has less than this to live is not handed out: min(10 s, lifetime / 10).
absl::Duration UsableSlack(absl::Duration lifetime);

// The token of `grant`, whose access token it takes. `now` and `wall_now` are the same instant.
TokenPtr MakeToken(Grant&& grant, std::string version, BootTime refresh_at, BootTime now,
                   absl::Time wall_now);

// A version for a new token: 128 random bits as 26 characters, so that none comes twice, be it
// after a restart or from another credential.
std::string NewVersion(Random& random);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_TOKEN_H_
