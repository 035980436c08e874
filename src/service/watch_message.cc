#include "service/watch_message.h"

#include <algorithm>
#include <utility>

#include "core/secret.h"
#include "rpc/unary.h"
#include "service/access_token.h"

namespace credential_broker::service {
namespace {

// So much too long may the remaining validity be that a message tells: a hundredth of the slack
// that every token of 100 s or more has left when it is withdrawn.
constexpr absl::Duration kFreshFor = absl::Milliseconds(100);

std::shared_ptr<const std::string> WipedAtTheEnd(std::string text) {
  return {new std::string(std::move(text)), [](std::string* gone) {
            Wipe(gone->data(), gone->size());
            delete gone;
          }};
}

}  // namespace

WatchMessage MakeWatchMessage(const CredentialView& view, const Clock& clock) {
  WatchMessage result;
  result.fresh_until = clock.Now() + kFreshFor;
  api::WatchTokenResponse message;
  if (view.token != nullptr) {
    result.version = view.token->version;
    result.fresh_until = std::min(result.fresh_until, view.token->usable_until);
    FillAccessToken(*view.token, clock, *message.mutable_token());
  }
  *message.mutable_credential() = ToProto(view.status);
  result.framed = WipedAtTheEnd(rpc::SerializeFramed(message));
  if (view.token != nullptr) {
    std::string& value = *message.mutable_token()->mutable_value();
    Wipe(value.data(), value.size());
  }
  return result;
}

}  // namespace credential_broker::service
