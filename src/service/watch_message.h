#ifndef CREDENTIAL_BROKER_SERVICE_WATCH_MESSAGE_H_
#define CREDENTIAL_BROKER_SERVICE_WATCH_MESSAGE_H_

#include <string>

#include "base/clock.h"
#include "core/credential.h"
#include "service/token_frame.h"

namespace credential_broker::service {

// One WatchTokenResponse, serialized once for all streams that it goes to. Immutable.
struct WatchMessage {
  TokenFrame framed;
  std::string version;  // of its token; empty: it has none
  BootTime fresh_until;

  // A while later it would tell too long a remaining validity, or a token that is usable no more.
  bool FreshAt(BootTime now) const { return now < fresh_until; }
};

// What `view` shows, as it stood at `now`: just before the view was taken, by `clock`.
WatchMessage MakeWatchMessage(const CredentialView& view, BootTime now, const Clock& clock);

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_WATCH_MESSAGE_H_
