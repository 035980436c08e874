#include "service/watch_message.h"

#include <algorithm>

#include "service/access_token.h"

namespace credential_broker::service {
namespace {

// So much too long may the remaining validity be that a message tells: a hundredth of the slack
// that every token of 100 s or more has left when it is withdrawn.
constexpr absl::Duration kMessageFreshFor = absl::Milliseconds(100);

}  // namespace

WatchMessage MakeWatchMessage(const CredentialView& view, BootTime now, const Clock& clock) {
  WatchMessage result;
  result.fresh_until = now + kMessageFreshFor;
  api::WatchTokenResponse message;
  if (view.token != nullptr) {
    result.version = view.token->version;
    result.fresh_until = std::min(result.fresh_until, view.token->usable_until);
    FillAccessToken(*view.token, now, clock, *message.mutable_token());
  }
  *message.mutable_credential() = ToProto(view.status);
  result.framed = FrameAndWipe(message);
  return result;
}

}  // namespace credential_broker::service
