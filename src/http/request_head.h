#ifndef CREDENTIAL_BROKER_HTTP_REQUEST_HEAD_H_
#define CREDENTIAL_BROKER_HTTP_REQUEST_HEAD_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace credential_broker::http {

// A request without its body. Of the header fields only Host is kept: nothing depends on another.
struct RequestHead {
  std::string method;
  std::string target;               // path and query
  std::optional<std::string> host;  // "name" or "name:port"; always present in HTTP/1.1
};

// Returns the size of the header section at the start of `bytes`, its empty line included; none
// while the section is incomplete.
std::optional<std::size_t> HeadSize(std::string_view bytes);

// Parses a header section (RFC 9112 §2 to §5). INVALID_ARGUMENT, with a text for the client: it is
// not HTTP/1.0 or HTTP/1.1, a field is malformed, or Host is repeated, malformed, or missing in
// HTTP/1.1.
absl::StatusOr<RequestHead> ParseRequestHead(std::string_view head);

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_HTTP_REQUEST_HEAD_H_
