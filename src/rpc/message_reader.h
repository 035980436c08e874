#ifndef CREDENTIAL_BROKER_RPC_MESSAGE_READER_H_
#define CREDENTIAL_BROKER_RPC_MESSAGE_READER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace credential_broker::rpc {

// Cuts a request's bytes, however DATA frames split them, into gRPC's length-prefixed messages. A
// message that lies whole within one piece is not copied. Memory follows what has arrived, never
// what a prefix promises.
//
//   reader.Feed(piece);
//   while (… message = reader.Next() …) { … }
//   reader.Keep();   // before `piece` ends
class MessageReader {
 public:
  explicit MessageReader(std::size_t max_message) : max_message_(max_message) {}
  MessageReader(const MessageReader&) = delete;
  MessageReader& operator=(const MessageReader&) = delete;

  void Feed(std::string_view piece);

  // The next whole message; none: more bytes are needed. The view is valid until Feed or Keep.
  // Errors, decided from the prefix alone: RESOURCE_EXHAUSTED over the limit, INTERNAL for a flag
  // that is not 0.
  absl::StatusOr<std::optional<std::string_view>> Next();

  // Copies what Next has not returned yet.
  void Keep();

  // Bytes that Next has not returned yet.
  std::size_t pending() const { return rest_.size(); }

  // Bytes of memory that it holds.
  std::size_t memory() const { return kept_.capacity(); }

 private:
  std::size_t max_message_;
  std::string kept_;
  std::string_view rest_;      // what Next has not returned
  bool rest_is_kept_ = false;  // rest_ is the end of kept_; else it is of the piece
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_MESSAGE_READER_H_
