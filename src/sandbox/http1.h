#ifndef CREDENTIAL_BROKER_SANDBOX_HTTP1_H_
#define CREDENTIAL_BROKER_SANDBOX_HTTP1_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "sandbox/message.h"

namespace credential_broker::sandbox {

// As much of HTTP/1.1 (RFC 9112) as the sandbox needs. It is its own because a stand-in must lose
// answers and cut them short, and no server library lets go of its bytes like that.

inline constexpr std::size_t kMaxHead = std::size_t{16} * 1024;
inline constexpr std::size_t kMaxBody = std::size_t{64} * 1024;

// A request that cannot be taken: the status to answer before the connection ends.
struct BadRequest {
  int status = 400;
};

struct RequestHead {
  Request request;  // without its body
  std::size_t content_length = 0;
  bool expects_continue = false;
};

// Parses a request line and its headers, without the empty line after them.
std::variant<RequestHead, BadRequest> ParseHead(std::string_view head_text);

// Where requests come from.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // The number of bytes read; 0 at the end, on an error, or when nothing came in time.
  virtual std::size_t Read(char* data, std::size_t size) = 0;
  virtual bool Write(std::string_view bytes) = 0;
};

struct EndOfStream {};

// Takes one request after the other from a stream, pipelined ones included.
class RequestReader {
 public:
  // `stream` outlives this.
  explicit RequestReader(ByteStream& stream) : stream_(stream) {}

  std::variant<Request, BadRequest, EndOfStream> Next();

 private:
  bool ReadMore();

  ByteStream& stream_;
  std::string buffer_;
};

// The bytes of `reply`. 204 and 304 have no body.
std::string Serialize(const Reply& reply);

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_HTTP1_H_
