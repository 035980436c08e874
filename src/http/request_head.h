#ifndef CREDENTIAL_BROKER_HTTP_REQUEST_HEAD_H_
#define CREDENTIAL_BROKER_HTTP_REQUEST_HEAD_H_

#include <optional>
#include <string>
#include <string_view>

namespace credential_broker::http {

// What is asked for. Headers are not looked at: no page depends on any.
struct RequestHead {
  std::string method;
  std::string path;  // without the query
};

// Where the header section of an HTTP/1 request in `bytes` ends: the size of it, the empty line
// included; none while it is not all there.
std::optional<std::size_t> HeadSize(std::string_view bytes);

// Reads the request line (RFC 9112 §3) of a header section. None: it is none of HTTP/1.
std::optional<RequestHead> ParseRequestHead(std::string_view head);

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_HTTP_REQUEST_HEAD_H_
