#include "service/access_token.h"

#include <cstdint>
#include <string>

#include "base/strings.h"
#include "core/reason.h"

namespace credential_broker::service {
namespace {

constexpr std::int64_t kMillisPerSecond = 1000;
constexpr std::int64_t kNanosPerMilli = 1'000'000;
// The range of google.protobuf.Duration: ±10,000 years.
constexpr std::int64_t kMaxDurationSeconds = 315'576'000'000;
constexpr std::int32_t kMaxNanos = 999'999'999;

template <typename Message>
Message FromMillis(std::int64_t millis) {
  Message message;
  std::int64_t seconds = millis / kMillisPerSecond;
  std::int64_t rest = millis % kMillisPerSecond;
  message.set_seconds(seconds);
  message.set_nanos(static_cast<std::int32_t>(rest * kNanosPerMilli));
  return message;
}

api::Credential::State ToProto(CredentialState state) {
  switch (state) {
    case CredentialState::kPending:
      return api::Credential::STATE_PENDING;
    case CredentialState::kReady:
      return api::Credential::STATE_READY;
    case CredentialState::kDegraded:
      return api::Credential::STATE_DEGRADED;
    case CredentialState::kUnavailable:
      return api::Credential::STATE_UNAVAILABLE;
    case CredentialState::kRejected:
      return api::Credential::STATE_REJECTED;
  }
  return api::Credential::STATE_UNSPECIFIED;
}

}  // namespace

google::protobuf::Timestamp ToProto(absl::Time time) {
  return FromMillis<google::protobuf::Timestamp>(absl::ToUnixMillis(time));
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  return FromMillis<google::protobuf::Duration>(absl::ToInt64Milliseconds(duration));
}

absl::StatusOr<absl::Duration> NonNegativeDuration(const google::protobuf::Duration& message,
                                                   std::string_view field) {
  if (message.seconds() < 0 || message.nanos() < 0 || message.seconds() > kMaxDurationSeconds ||
      message.nanos() > kMaxNanos) {
    return MakeError(Reason::kInvalidRequest,
                     StrCat(field, " is not a duration of 0 s or more (seconds ", message.seconds(),
                            ", nanos ", message.nanos(), ")"));
  }
  return absl::Seconds(message.seconds()) + absl::Nanoseconds(message.nanos());
}

void FillAccessToken(const Token& token, BootTime now, const Clock& clock,
                     api::AccessToken& message) {
  const absl::Time wall = clock.WallNow() - (clock.Now() - now);
  const std::string_view value = token.value.Reveal();
  message.set_value(value.data(), value.size());
  message.set_token_type(token.token_type);
  message.set_version(token.version);
  *message.mutable_expire_time() = ToProto(wall + (token.expires_at - now));
  *message.mutable_remaining_validity() = ToProto(token.expires_at - now);
  *message.mutable_refresh_time() = ToProto(wall + (token.refresh_at - now));
}

api::Credential ToProto(const CredentialStatus& status) {
  api::Credential message;
  message.set_name(status.name);
  message.set_state(ToProto(status.state));
  message.set_version(status.version);
  if (status.expire_time.has_value()) {
    *message.mutable_expire_time() = ToProto(*status.expire_time);
  }
  if (status.last_refresh_time.has_value()) {
    *message.mutable_last_refresh_time() = ToProto(*status.last_refresh_time);
  }
  if (status.next_refresh_time.has_value()) {
    *message.mutable_next_refresh_time() = ToProto(*status.next_refresh_time);
  }
  if (status.last_error.has_value()) {
    message.set_last_error_reason(std::string(ReasonName(*status.last_error)));
  }
  return message;
}

}  // namespace credential_broker::service
