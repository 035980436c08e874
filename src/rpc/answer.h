#ifndef CREDENTIAL_BROKER_RPC_ANSWER_H_
#define CREDENTIAL_BROKER_RPC_ANSWER_H_

#include <cstddef>

#include "google/rpc/status.pb.h"
#include "h2/stream.h"
#include "rpc/call.h"
#include "rpc/request_check.h"

namespace credential_broker::rpc {

// Answers a request that is no call; nothing else is sent on `stream`.
void SendRefusal(h2::Stream& stream, const RefusedRequest& refused);

// The answering half of one call: gRPC's form of what goes out. Used on the stream's loop.
class Answer {
 public:
  explicit Answer(h2::Stream& stream) : stream_(stream) {}

  // Without effect where headers were sent before.
  void SendHeaders(const Metadata& metadata);
  // A framed message.
  void SendMessage(h2::Payload framed);
  // The last call: trailers, or one header section as the whole answer where nothing was sent
  // before.
  void Finish(const google::rpc::Status& status, const Metadata& trailers);
  // The last call: ends the stream at once and drops what the client has not taken.
  void Abort();

  // As h2::Stream::TakeBack.
  bool TakeBack() { return stream_.TakeBack(); }

  std::size_t unsent_bytes() const { return stream_.unsent_bytes(); }

 private:
  h2::Stream& stream_;
  bool headers_sent_ = false;
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_ANSWER_H_
