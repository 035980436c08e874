#include "core/reason.h"

#include <cstdint>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "base/strings.h"

namespace credential_broker {
namespace {

// Keys of the payloads that carry ErrorDetails inside absl::Status.
constexpr std::string_view kReasonPayload = "credential-broker/reason";
constexpr std::string_view kRetryAfterPayload = "credential-broker/retry-after-ns";
constexpr std::string_view kMetadataPayloadPrefix = "credential-broker/metadata/";

absl::StatusCode CodeOf(Reason reason) {
  switch (reason) {
    case Reason::kTokenNotReady:
    case Reason::kUpstreamUnavailable:
    case Reason::kUpstreamRateLimited:
    case Reason::kRefreshCooldown:
    case Reason::kShuttingDown:
      return absl::StatusCode::kUnavailable;
    case Reason::kCredentialRejected:
      return absl::StatusCode::kFailedPrecondition;
    case Reason::kCredentialNotFound:
      return absl::StatusCode::kNotFound;
    case Reason::kMinValidityTooLong:
    case Reason::kInvalidRequest:
      return absl::StatusCode::kInvalidArgument;
    case Reason::kCallerNotAllowed:
      return absl::StatusCode::kPermissionDenied;
    case Reason::kCallerUnauthenticated:
      return absl::StatusCode::kUnauthenticated;
    case Reason::kCallerRateLimited:
      return absl::StatusCode::kResourceExhausted;
  }
  return absl::StatusCode::kInternal;
}

constexpr Reason kAllReasons[] = {
    Reason::kTokenNotReady,      Reason::kUpstreamUnavailable,   Reason::kUpstreamRateLimited,
    Reason::kRefreshCooldown,    Reason::kShuttingDown,          Reason::kCredentialRejected,
    Reason::kCredentialNotFound, Reason::kMinValidityTooLong,    Reason::kInvalidRequest,
    Reason::kCallerNotAllowed,   Reason::kCallerUnauthenticated, Reason::kCallerRateLimited,
};

std::optional<Reason> ReasonOfName(std::string_view name) {
  for (Reason reason : kAllReasons) {
    if (ReasonName(reason) == name) {
      return reason;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kTokenNotReady:
      return "TOKEN_NOT_READY";
    case Reason::kUpstreamUnavailable:
      return "UPSTREAM_UNAVAILABLE";
    case Reason::kUpstreamRateLimited:
      return "UPSTREAM_RATE_LIMITED";
    case Reason::kRefreshCooldown:
      return "REFRESH_COOLDOWN";
    case Reason::kShuttingDown:
      return "SHUTTING_DOWN";
    case Reason::kCredentialRejected:
      return "CREDENTIAL_REJECTED";
    case Reason::kCredentialNotFound:
      return "CREDENTIAL_NOT_FOUND";
    case Reason::kMinValidityTooLong:
      return "MIN_VALIDITY_TOO_LONG";
    case Reason::kInvalidRequest:
      return "INVALID_REQUEST";
    case Reason::kCallerNotAllowed:
      return "CALLER_NOT_ALLOWED";
    case Reason::kCallerUnauthenticated:
      return "CALLER_UNAUTHENTICATED";
    case Reason::kCallerRateLimited:
      return "CALLER_RATE_LIMITED";
  }
  return "UNKNOWN";
}

absl::Status MakeError(Reason reason, std::string_view message,
                       std::optional<absl::Duration> retry_after,
                       const std::map<std::string, std::string>& metadata) {
  absl::Status status(CodeOf(reason), ToAbsl(message));
  status.SetPayload(ToAbsl(kReasonPayload), absl::Cord(ToAbsl(ReasonName(reason))));
  if (retry_after.has_value()) {
    status.SetPayload(ToAbsl(kRetryAfterPayload),
                      absl::Cord(StrCat(absl::ToInt64Nanoseconds(*retry_after))));
  }
  for (const auto& [key, value] : metadata) {
    status.SetPayload(StrCat(kMetadataPayloadPrefix, key), absl::Cord(value));
  }
  return status;
}

std::optional<ErrorDetails> DetailsOf(const absl::Status& status) {
  const auto name = status.GetPayload(ToAbsl(kReasonPayload));
  if (!name.has_value()) {
    return std::nullopt;
  }
  const std::optional<Reason> reason = ReasonOfName(static_cast<std::string>(*name));
  if (!reason.has_value()) {
    return std::nullopt;
  }
  ErrorDetails details{*reason, std::nullopt, {}};
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    std::string_view key = ToStd(url);
    std::int64_t nanoseconds = 0;
    if (key == kRetryAfterPayload &&
        absl::SimpleAtoi(static_cast<std::string>(value), &nanoseconds)) {
      details.retry_after = absl::Nanoseconds(nanoseconds);
    } else if (key.starts_with(kMetadataPayloadPrefix)) {
      key.remove_prefix(kMetadataPayloadPrefix.size());
      details.metadata.emplace(key, value);
    }
  });
  return details;
}

}  // namespace credential_broker
