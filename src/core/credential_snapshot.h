#ifndef CREDENTIAL_BROKER_CORE_CREDENTIAL_SNAPSHOT_H_
#define CREDENTIAL_BROKER_CORE_CREDENTIAL_SNAPSHOT_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/clock.h"
#include "core/credential_state.h"
#include "core/reason.h"
#include "core/refresh_machine.h"

namespace credential_broker {

// All that callers may see of a credential at one moment. Immutable once published.
struct CredentialSnapshot {
  std::string name;
  RefreshState refresh;
  std::string failure_message;  // of the last failed attempt, for people
  std::optional<absl::Time> last_success;
  bool stopping = false;  // no attempt will be made any more
};

using SnapshotPtr = std::shared_ptr<const CredentialSnapshot>;

CredentialState StateAt(const CredentialSnapshot& snapshot, BootTime now);

CredentialStatus StatusAt(const CredentialSnapshot& snapshot, BootTime now, absl::Time wall_now);

// The reason that a failed attempt gives to callers that find no token.
Reason ReasonOf(FailureKind kind);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_CREDENTIAL_SNAPSHOT_H_
