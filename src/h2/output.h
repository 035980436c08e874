#ifndef CREDENTIAL_BROKER_H2_OUTPUT_H_
#define CREDENTIAL_BROKER_H2_OUTPUT_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "h2/http2_session.h"
#include "h2/transport.h"

namespace credential_broker::h2 {

// The way of a session's bytes to its transport. On one loop's thread.
class Output {
 public:
  enum class Written {
    kAll,
    kMore,       // there is more, but it is the others' turn
    kBlocked,    // the socket takes no more now
    kNeedsRead,  // TLS takes no more until the rest of a message of its own has been read
    kBroken,
  };

  // `buffer` is for the time of a call; the outputs of one loop may share it. Both outlive the
  // output.
  Output(Transport& transport, std::string& buffer) : transport_(transport), buffer_(buffer) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Writes what `session` produces, for one turn.
  Written Write(Http2Session& session);

  // Bytes that the session has produced and the socket did not take.
  std::size_t unwritten() const { return unwritten_.size(); }
  void Drop() { std::string().swap(unwritten_); }

 private:
  // Writes what the transport takes off `bytes`. Returns kAll, or why some are left.
  Written WriteSome(std::string_view& bytes);

  Transport& transport_;
  std::string& buffer_;
  std::string unwritten_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_OUTPUT_H_
