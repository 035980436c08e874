#ifndef CREDENTIAL_BROKER_CORE_REASON_H_
#define CREDENTIAL_BROKER_CORE_REASON_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace credential_broker {

// Why a caller gets no token: google.rpc.ErrorInfo.reason in the domain "credential-broker". The
// comment of each is its gRPC code.
enum class Reason {
  kTokenNotReady,          // UNAVAILABLE, with a retry delay
  kUpstreamUnavailable,    // UNAVAILABLE, with a retry delay
  kUpstreamRateLimited,    // UNAVAILABLE, with a retry delay
  kRefreshCooldown,        // UNAVAILABLE, with a retry delay
  kShuttingDown,           // UNAVAILABLE, with a retry delay
  kCredentialRejected,     // FAILED_PRECONDITION
  kCredentialNotFound,     // NOT_FOUND
  kMinValidityTooLong,     // INVALID_ARGUMENT
  kInvalidRequest,         // INVALID_ARGUMENT
  kCallerNotAllowed,       // PERMISSION_DENIED
  kCallerUnauthenticated,  // UNAUTHENTICATED
  kCallerRateLimited,      // RESOURCE_EXHAUSTED, with a retry delay
};

// "TOKEN_NOT_READY" and so on.
std::string_view ReasonName(Reason reason);

// What an error tells beside its code and message. Travels inside absl::Status as payloads; the
// service room turns it into ErrorInfo and RetryInfo.
struct ErrorDetails {
  Reason reason;
  std::optional<absl::Duration> retry_after;
  std::map<std::string, std::string> metadata;
};

// The retry delay of an error after which the broker cannot know how long to wait: a second is
// about what InvestSuite or a restart needs.
inline constexpr absl::Duration kUnknownRetryDelay = absl::Seconds(1);

// A status with the code that belongs to `reason`. `message` says what was wrong, where, and what
// to do; it never holds a secret.
absl::Status MakeError(Reason reason, std::string_view message,
                       std::optional<absl::Duration> retry_after = std::nullopt,
                       const std::map<std::string, std::string>& metadata = {});

// The details of a status made by MakeError; none for any other status.
std::optional<ErrorDetails> DetailsOf(const absl::Status& status);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_REASON_H_
