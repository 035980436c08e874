#ifndef CREDENTIAL_BROKER_CORE_CREDENTIAL_STATE_H_
#define CREDENTIAL_BROKER_CORE_CREDENTIAL_STATE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "core/reason.h"

namespace credential_broker {

// Credential.State of the API.
enum class CredentialState { kPending, kReady, kDegraded, kUnavailable, kRejected };

// "pending", "ready", …: for logs and metrics.
std::string_view CredentialStateName(CredentialState state);

// What may be told of a credential: no secret. Wall times are for people.
struct CredentialStatus {
  std::string name;
  CredentialState state = CredentialState::kPending;
  std::string version;  // empty: no usable token; so are the times that follow from it
  std::optional<absl::Time> expire_time;
  std::optional<absl::Time> last_refresh_time;  // of the last success
  std::optional<absl::Time> next_refresh_time;  // of the next planned attempt
  std::optional<Reason> last_error;             // of the last attempt; none after a success
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_CREDENTIAL_STATE_H_
