#include "observe/failure_kind.h"

namespace credential_broker::observe {

std::string_view FailureKindName(FailureKind kind) {
  switch (kind) {
    case FailureKind::kNotSent:
      return "not_sent";
    case FailureKind::kAmbiguous:
      return "ambiguous";
    case FailureKind::kServerError:
      return "server_error";
    case FailureKind::kRateLimited:
      return "rate_limited";
    case FailureKind::kUnauthorized:
      return "unauthorized";
    case FailureKind::kClientError:
      return "client_error";
    case FailureKind::kNoKey:
      return "no_key";
    case FailureKind::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

}  // namespace credential_broker::observe
