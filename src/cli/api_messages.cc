#include "cli/api_messages.h"

#include <cstddef>
#include <string_view>

#include "base/strings.h"
#include "investsuite/credentialbroker/v1/credential_broker.pb.h"

namespace credential_broker::cli {

namespace v1 = investsuite::credentialbroker::v1;

namespace {

std::optional<absl::Time> ToTime(bool has, const google::protobuf::Timestamp& time) {
  if (!has) {
    return std::nullopt;
  }
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

// Characters of RFC 6750's b64token: fit for a header, JSON and a terminal as they are.
bool IsB64Token(std::string_view text) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
  return !text.empty() && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

RpcResult<FetchedToken> TakeToken(v1::AccessToken& token) {
  const bool usable = IsB64Token(token.value()) && IsB64Token(token.token_type());
  FetchedToken fetched = {
      .value = Secret(usable ? std::string_view(token.value()) : std::string_view()),
      .token_type = token.token_type(),
      .version = token.version(),
      .expire_time = ToTime(token.has_expire_time(), token.expire_time()),
      .refresh_time = ToTime(token.has_refresh_time(), token.refresh_time()),
      .remaining_validity = ToDuration(token.remaining_validity())};
  Wipe(token.mutable_value()->data(), token.value().size());
  if (!usable) {
    return BadAnswer("the answer holds no token that can stand in a header");
  }
  return fetched;
}

ListedCredential ToListed(const v1::Credential& credential) {
  const std::string& name = v1::Credential::State_Name(credential.state());
  constexpr std::size_t kPrefix = std::string_view("STATE_").size();
  return {
      .name = credential.name(),
      .state = name.empty() ? StrCat(static_cast<int>(credential.state())) : name.substr(kPrefix),
      .version = credential.version(),
      .expire_time = ToTime(credential.has_expire_time(), credential.expire_time()),
      .last_refresh_time =
          ToTime(credential.has_last_refresh_time(), credential.last_refresh_time()),
      .next_refresh_time =
          ToTime(credential.has_next_refresh_time(), credential.next_refresh_time()),
      .last_error_reason = credential.last_error_reason()};
}

RpcError BadAnswer(std::string_view message) {
  return {.code = absl::StatusCode::kInternal, .message = std::string(message)};
}

}  // namespace credential_broker::cli
