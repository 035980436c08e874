#ifndef CREDENTIAL_BROKER_UPSTREAM_EXCHANGE_H_
#define CREDENTIAL_BROKER_UPSTREAM_EXCHANGE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "upstream/https_client.h"
#include "upstream/wiped_buffer.h"

namespace credential_broker::upstream {

// One request on its way: whether it may have left, and the limits of its answer. The transport
// reports what it is about to do; where false comes back it must end the exchange.
class Exchange {
 public:
  Exchange(Delivery delivery, std::size_t largest_body)
      : delivery_(delivery), largest_body_(largest_body) {}

  // The connection is ready, TLS included, and the request is about to be written to it. Until the
  // first such report surely nothing was sent.
  bool OnReadyToSend();
  // A line of the answer's head, its end included.
  bool OnHeader(std::string_view line);
  // A piece of its body.
  bool OnBody(std::string_view bytes);

  bool may_have_left() const { return attempts_ > 0; }
  // Whether the empty line came that ends the head. curl takes an answer that breaks off before it
  // for a whole one.
  bool head_is_whole() const { return head_is_whole_; }
  // Why a report was answered with false; empty: none was.
  const std::string& refusal() const { return refusal_; }
  WipedBuffer& body() { return body_; }

 private:
  bool Refuse(std::string why);

  const Delivery delivery_;
  const std::size_t largest_body_;
  int attempts_ = 0;
  std::size_t header_bytes_ = 0;
  bool head_is_whole_ = false;
  WipedBuffer body_;
  std::string refusal_;
};

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_EXCHANGE_H_
