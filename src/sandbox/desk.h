#ifndef CREDENTIAL_BROKER_SANDBOX_DESK_H_
#define CREDENTIAL_BROKER_SANDBOX_DESK_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sandbox/faults.h"
#include "sandbox/keys.h"
#include "sandbox/message.h"
#include "sandbox/session_book.h"
#include "sandbox/stats.h"

namespace credential_broker::sandbox {

// InvestSuite's three calls.
enum class Operation { kLogin, kRefresh, kUsers };

// What came of a request.
struct Outcome {
  std::string_view name;  // for the log: "granted", "rejected", …
  Reply reply;
  std::vector<Counter> counted;
  std::string refresh_token;  // that the reply hands out unspoilt; empty: none
};

// Decides what InvestSuite answers to one request, by its sessions, its keys and the faults that
// are on. Knows neither waiting nor locks: StandIn runs it. As it guards nothing, it compares keys
// with ==.
class Desk {
 public:
  Desk(SandboxKeys keys, Faults faults);

  Faults& faults() { return faults_; }
  const Faults& faults() const { return faults_; }
  SandboxKeys& keys() { return keys_; }
  void RevokeSessions() { book_.RevokeAll(); }

  OperationFaults& FaultsOf(Operation operation);

  // Notes that the request came in. True: it spends a refresh token that was spent before.
  bool NoteArrival(Operation operation, const Request& request);

  Outcome Answer(Operation operation, const Request& request, Instant now);

  // The answer with this refresh token reached the caller.
  void NoteDelivered(const std::string& refresh_token) { book_.NoteDelivered(refresh_token); }

 private:
  Outcome Act(Operation operation, const Request& request, Instant now);
  Outcome Login(const Request& request, Instant now);
  Outcome Refresh(const Request& request, Instant now);
  Outcome Users(const Request& request, Instant now);
  Outcome Granted(const SandboxGrant& grant, OperationFaults& faults, Counter counter) const;
  Reply Forced(int status, Instant now) const;

  SandboxKeys keys_;
  Faults faults_;
  SessionBook book_;
};

// "Wed, 21 Oct 2015 07:28:00 GMT"
std::string HttpDate(absl::Time time);

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_DESK_H_
