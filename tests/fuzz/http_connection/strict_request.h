#ifndef CREDENTIAL_BROKER_TESTS_FUZZ_HTTP_CONNECTION_STRICT_REQUEST_H_
#define CREDENTIAL_BROKER_TESTS_FUZZ_HTTP_CONNECTION_STRICT_REQUEST_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace credential_broker::http {

// A request as a second reader sees it: one that goes through the bytes one by one and shares no
// code with src/http. Where the two differ, a proxy in front of the broker may differ, too.
struct StrictRequest {
  std::size_t size = 0;  // of the header section, its empty line included; 0: it is incomplete
  bool valid = false;
  bool http11 = false;
  std::string method;
  std::string target;
  std::vector<std::string> hosts;  // one for each Host field

  static StrictRequest Read(std::string_view bytes);
};

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_TESTS_FUZZ_HTTP_CONNECTION_STRICT_REQUEST_H_
