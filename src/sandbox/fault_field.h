#ifndef CREDENTIAL_BROKER_SANDBOX_FAULT_FIELD_H_
#define CREDENTIAL_BROKER_SANDBOX_FAULT_FIELD_H_

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sandbox/faults.h"

namespace credential_broker::sandbox {

// One member of Faults, whatever its type.
using FaultField =
    std::variant<absl::Duration*, std::optional<absl::Duration>*, bool*, int*, Count*, Expiry*,
                 TokenFormat*, BodyKind*, RefreshReuse*, RetryAfterForm*, DateHeader*>;

// INVALID_ARGUMENT says what the member takes; then it is as it was.
absl::Status ParseField(FaultField field, std::string_view text);

std::string FormatField(FaultField field);

FaultKind KindOfField(FaultField field);

// The names that an enumeration takes; empty for any other member.
std::vector<std::string> ChoicesOfField(FaultField field);

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_FAULT_FIELD_H_
