#ifndef CREDENTIAL_BROKER_SANDBOX_MESSAGE_H_
#define CREDENTIAL_BROKER_SANDBOX_MESSAGE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace credential_broker::sandbox {

// A request, free of how it came.
struct Request {
  std::string method;
  std::string path;  // without the query
  std::vector<std::pair<std::string, std::string>> query;
  std::string authorization;
  std::string body;
  bool keep_alive = true;  // the caller wants another request on this connection
};

enum class Delivery {
  kWhole,
  kCut,   // the head, half of the body, then the connection ends
  kLost,  // the connection ends
};

// What is answered, and how it goes out.
struct Reply {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  Delivery delivery = Delivery::kWhole;
  bool close = false;                          // no further request on this connection
  absl::Duration drip = absl::ZeroDuration();  // between two bytes
};

// The other end of a request while it is being answered.
class Caller {
 public:
  virtual ~Caller() = default;
  virtual bool Gone() const = 0;
};

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_MESSAGE_H_
