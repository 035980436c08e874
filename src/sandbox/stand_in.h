#ifndef CREDENTIAL_BROKER_SANDBOX_STAND_IN_H_
#define CREDENTIAL_BROKER_SANDBOX_STAND_IN_H_

#include <array>
#include <condition_variable>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "sandbox/desk.h"
#include "sandbox/faults.h"
#include "sandbox/keys.h"
#include "sandbox/message.h"
#include "sandbox/stats.h"

namespace credential_broker::sandbox {

// InvestSuite as its callers see it, free of sockets: a Desk that many requests come to at once,
// the faults that take time (delays, requests that hang), and the account of it all. Thread-safe.
//
// Lifetimes are kept by the given clock; delays and waits pass in real time.
class StandIn {
 public:
  // `clock` outlives this.
  StandIn(const Clock& clock, SandboxKeys keys, Faults faults);

  // The answer to a request for any path but /sandbox/. Blocks while the request is delayed or
  // hangs, until the caller leaves or Stop.
  Reply Handle(const Request& request, const Caller& caller);

  // Puts on what every answer has: Date, and whether the connection goes on.
  void Stamp(Reply& reply);

  // False: the connection that came in is to be reset.
  bool AdmitConnection();

  // Whether connections are being reset now.
  bool Refuses();

  void Add(Counter counter, std::int64_t amount = 1);
  std::int64_t Get(Counter counter);
  std::string StatsJson();

  // Whether every counter reaches its number within `timeout`; ends early when the caller leaves or
  // at Stop.
  using Goals = std::vector<std::pair<Counter, std::int64_t>>;
  bool WaitFor(const Goals& goals, absl::Duration timeout, const Caller& caller);

  Faults CurrentFaults();
  absl::Status Set(std::string_view name, std::string_view value);  // as SetFault
  absl::Status Update(std::string_view json);                       // as UpdateFaults
  void ResetFaults();                                               // to those of the constructor

  SandboxKeys Keys();
  void ReplaceKeys(SandboxKeys keys);

  // Ends every session, as InvestSuite may do at any time.
  void RevokeSessions();

  // Ends every wait, and each later one at once.
  void Stop();

 private:
  Reply HandleKnown(Operation operation, const Request& request, const Caller& caller)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Outcome AnswerInTime(Operation operation, const Request& request, const Caller& caller)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Instant Now() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Refusing() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Note(Counter counter, std::int64_t amount = 1) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnFaultsSet(const std::vector<std::string>& names) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Waits until `done`; false when the time is up, the caller left or Stop was called before.
  template <typename Done>
  bool Await(absl::Duration timeout, const Caller& caller, const Done& done)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  const BootTime started_;
  const Faults initial_;

  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  Desk desk_ ABSL_GUARDED_BY(mutex_);
  Stats stats_ ABSL_GUARDED_BY(mutex_);
  BootTime refuse_until_ ABSL_GUARDED_BY(mutex_) = BootTime::InfinitePast();
  std::array<int, 3> releases_ ABSL_GUARDED_BY(mutex_) = {};  // of hanging requests, by operation
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_STAND_IN_H_
