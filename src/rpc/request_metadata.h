#ifndef CREDENTIAL_BROKER_RPC_REQUEST_METADATA_H_
#define CREDENTIAL_BROKER_RPC_REQUEST_METADATA_H_

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "h2/stream.h"
#include "rpc/call.h"

namespace credential_broker::rpc {

// Whether a header field belongs to HTTP/2 or gRPC and not to the application.
bool IsReservedName(std::string_view name);

// INTERNAL, naming the field, where the value of a "-bin" field is not base64.
absl::Status CheckBinaryValue(const h2::Header& field);

// A request's metadata. Most calls ask for one name or none, so the list of all is made only when
// it is asked for. Not thread-safe.
class RequestMetadata {
 public:
  // Every field has passed CheckBinaryValue.
  explicit RequestMetadata(std::vector<h2::Header> fields) : fields_(std::move(fields)) {}

  const Metadata& all() const;
  std::optional<std::string_view> Find(std::string_view name) const;

 private:
  std::vector<h2::Header> fields_;
  mutable std::optional<Metadata> all_;
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_REQUEST_METADATA_H_
