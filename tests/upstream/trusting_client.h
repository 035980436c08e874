#ifndef CREDENTIAL_BROKER_TESTS_UPSTREAM_TRUSTING_CLIENT_H_
#define CREDENTIAL_BROKER_TESTS_UPSTREAM_TRUSTING_CLIENT_H_

#include <chrono>

#include "absl/time/time.h"
#include "support/tls_server.h"
#include "upstream/https_client.h"

namespace credential_broker::upstream {

// Longer than anything takes that works, on a busy machine too.
inline constexpr std::chrono::seconds kPatience{20};

// The CA of the servers in these tests; made once.
inline TestCa& Ca() {
  static TestCa ca;
  return ca;
}

// Trusts `ca` alone, with timeouts that no healthy server of a busy machine reaches.
inline HttpsClientOptions Trusting(const TestCa& ca) {
  HttpsClientOptions options;
  options.ca_file = ca.ca_file();
  options.connect_timeout = absl::Seconds(20);
  options.request_timeout = absl::Seconds(20);
  return options;
}

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_TESTS_UPSTREAM_TRUSTING_CLIENT_H_
