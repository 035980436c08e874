#ifndef CREDENTIAL_BROKER_SANDBOX_CONTROL_H_
#define CREDENTIAL_BROKER_SANDBOX_CONTROL_H_

#include <string_view>

#include "sandbox/message.h"
#include "sandbox/stand_in.h"

namespace credential_broker::sandbox {

// The endpoints by which a test directs the sandbox and sees what happened. Thread-safe.
//
//   GET, PUT, DELETE /sandbox/faults   all switches; set those named; back to those of the start
//   GET /sandbox/stats                 counters and the log of requests
//   GET /sandbox/wait?logins=2&timeout=10s   answers with the stats once every counter is that
//   high, or 408 POST /sandbox/keys                 {"access_key_id": …}: replaces those fields of
//   the accepted keys POST /sandbox/revoke               ends every session
class Control {
 public:
  // `stand_in` outlives this.
  explicit Control(StandIn& stand_in) : stand_in_(stand_in) {}

  static bool Owns(std::string_view path) { return path.starts_with("/sandbox/"); }

  Reply Handle(const Request& request, const Caller& caller);

 private:
  Reply Faults(const Request& request);
  Reply Wait(const Request& request, const Caller& caller);
  Reply Keys(const Request& request);

  StandIn& stand_in_;
};

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_CONTROL_H_
