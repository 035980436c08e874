#ifndef CREDENTIAL_BROKER_TESTS_UPSTREAM_TRUSTING_CLIENT_H_
#define CREDENTIAL_BROKER_TESTS_UPSTREAM_TRUSTING_CLIENT_H_

#include <chrono>
#include <string>

#include "absl/time/time.h"
#include "support/test_ca.h"
#include "support/test_folder.h"
#include "upstream/https_client.h"

namespace credential_broker::upstream {

// Longer than anything takes that works, on a busy machine too.
inline constexpr std::chrono::seconds kPatience{20};

// The CA of the servers in these tests; made once.
inline const TestCa& Ca() {
  static const TestCa ca;
  return ca;
}

// Writes the certificate of `ca` to a file of its own, which stays to the end of the process.
inline std::string CaFile(const TestCa& ca) {
  static const TestFolder folder;
  static int files = 0;
  return folder.Write(std::to_string(++files), ca.pem());
}

// Trusts `ca` alone, with timeouts that no healthy server of a busy machine reaches.
inline HttpsClientOptions Trusting(const TestCa& ca) {
  HttpsClientOptions options;
  options.ca_file = CaFile(ca);
  options.connect_timeout = absl::Seconds(20);
  options.request_timeout = absl::Seconds(20);
  return options;
}

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_TESTS_UPSTREAM_TRUSTING_CLIENT_H_
