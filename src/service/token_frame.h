#ifndef CREDENTIAL_BROKER_SERVICE_TOKEN_FRAME_H_
#define CREDENTIAL_BROKER_SERVICE_TOKEN_FRAME_H_

#include <memory>
#include <string>

#include "investsuite/credentialbroker/v1/credential_broker.pb.h"
#include "rpc/unary.h"

namespace credential_broker::service {

namespace api = ::investsuite::credentialbroker::v1;

// A framed message with a token in it, for Call::SendFramed; wiped when the last stream has sent
// it.
using TokenFrame = std::shared_ptr<const std::string>;

TokenFrame WipedAtTheEnd(std::string framed);
void WipeValue(api::AccessToken& token);

// `response` as it goes out; the token that it holds is wiped there, where it has one.
template <typename Response>
TokenFrame FrameAndWipe(Response& response) {
  TokenFrame frame = WipedAtTheEnd(rpc::SerializeFramed(response));
  if (response.has_token()) {
    WipeValue(*response.mutable_token());
  }
  return frame;
}

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_TOKEN_FRAME_H_
