#include "identity/caller_tokens.h"

#include "absl/strings/cord.h"
#include "base/strings.h"

namespace credential_broker::identity {
namespace {

// Key of the payload that marks an error inside absl::Status.
constexpr std::string_view kOutagePayload = "credential-broker/identity/outage";

}  // namespace

absl::Status MarkOutage(absl::Status error) {
  error.SetPayload(ToAbsl(kOutagePayload), absl::Cord());
  return error;
}

bool IsOutage(const absl::Status& error) {
  return error.GetPayload(ToAbsl(kOutagePayload)).has_value();
}

}  // namespace credential_broker::identity
