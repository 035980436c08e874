#ifndef CREDENTIAL_BROKER_HTTP_STATUS_PAGE_H_
#define CREDENTIAL_BROKER_HTTP_STATUS_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/credential_state.h"

namespace credential_broker::http {

// All that /statusz shows. No secret is in it: a token is there as its version.
struct StatusReport {
  struct Failure {
    absl::Time time;
    std::string operation;  // "login" or "refresh"
    std::string message;
  };
  struct Credential {
    CredentialStatus status;
    std::uint64_t tokens_served = 0;
    std::size_t streams = 0;
    std::vector<absl::Duration> upstream_took;  // of the latest attempts, newest last
    std::vector<Failure> failures;              // the latest, newest last
  };
  struct Listener {
    std::string name;  // "grpc"
    std::string address;
    std::uint64_t open = 0;  // connections
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;
  };
  struct Caller {
    std::string principal;
    std::uint64_t calls = 0;
  };
  struct Denied {
    std::string reason;
    std::uint64_t count = 0;
  };

  std::string version;
  absl::Time now;
  absl::Duration uptime;
  bool ready = false;
  bool draining = false;
  std::vector<Credential> credentials;
  std::vector<Caller> callers;  // the busiest, those first
  std::vector<Denied> denied;
  std::vector<Listener> listeners;
};

// One page of HTML that needs nothing from outside and runs no script. Whatever names and messages
// hold is shown as text. Of very many credentials those that need a person's eye come first, and
// the rest is cut.
std::string RenderStatusPage(const StatusReport& report);

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_HTTP_STATUS_PAGE_H_
