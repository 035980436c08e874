#include "rpc/status.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace credential_broker::rpc {

google::rpc::Status MakeStatus(absl::StatusCode code, std::string message) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message(std::move(message));
  return status;
}

google::rpc::Status ToStatus(const absl::Status& status) {
  return MakeStatus(status.code(), absl::StrCat(status.message()));
}

absl::StatusCode CodeOf(const google::rpc::Status& status) {
  constexpr int kLast = static_cast<int>(absl::StatusCode::kUnauthenticated);
  if (status.code() < 0 || status.code() > kLast) {
    return absl::StatusCode::kUnknown;
  }
  return static_cast<absl::StatusCode>(status.code());
}

}  // namespace credential_broker::rpc
