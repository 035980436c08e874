#ifndef CREDENTIAL_BROKER_TESTS_H2_ECHO_APPLICATION_H_
#define CREDENTIAL_BROKER_TESTS_H2_ECHO_APPLICATION_H_

#include <memory>
#include <string>

#include "h2/stream.h"

namespace credential_broker::h2 {

// What a test server serves. A path is a behaviour:
//   /echo   sends back what it receives, as it comes, then a trailer
//   /early  answers with headers alone, without waiting for the body
//   other   waits for the end of the request, then a body of fixed size and a trailer
class EchoApplication final : public Application {
 public:
  explicit EchoApplication(std::size_t body_size = 620)
      : body_(std::make_shared<const std::string>(body_size, 'x')) {}

  std::unique_ptr<RequestHandler> OnRequest(Stream& stream, RequestHead head) override;

 private:
  std::shared_ptr<const std::string> body_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_TESTS_H2_ECHO_APPLICATION_H_
