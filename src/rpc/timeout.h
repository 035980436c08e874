#ifndef CREDENTIAL_BROKER_RPC_TIMEOUT_H_
#define CREDENTIAL_BROKER_RPC_TIMEOUT_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace credential_broker::rpc {

// Longer than any connection lives, and within every clock's range: 99999999H is 11,000 years.
constexpr absl::Duration kMaxTimeout = absl::Hours(24 * 365);

// The value of grpc-timeout: one to eight digits and a unit of H, M, S, m, u or n; at most
// kMaxTimeout. Zero is valid: the call is late already. Anything else is INTERNAL.
absl::StatusOr<absl::Duration> ParseTimeout(std::string_view text);

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_TIMEOUT_H_
