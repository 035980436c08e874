#ifndef CREDENTIAL_BROKER_CORE_WAITING_QUERIES_H_
#define CREDENTIAL_BROKER_CORE_WAITING_QUERIES_H_

#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "core/credential.h"

namespace credential_broker {

// The calls that wait for a credential's next token. Calls are added and withdrawn on any thread
// and answered on one, the credential's. No callback runs under a lock.
//
// Thread-safe. Held by shared_ptr: each PendingQuery keeps it alive, so that it may end after the
// credential.
class WaitingQueries : public std::enable_shared_from_this<WaitingQueries> {
 public:
  // The answer to a query, or none: it goes on waiting.
  using Judge = absl::FunctionRef<std::optional<absl::StatusOr<TokenPtr>>(const TokenQuery&)>;

  // Adds a call, and takes `done`. Null, and `done` left as it is, once the list is closed.
  std::unique_ptr<PendingQuery> Add(const TokenQuery& query, TokenCallback& done);

  // Answers those of the calls for which `judge` has an answer: all of them, those added since they
  // were last judged, or those whose patience ends by `now`.
  void JudgeAll(Judge judge);
  void JudgeNew(Judge judge);
  void JudgeOverdue(BootTime now, Judge judge);

  // When the first of the calls loses patience; infinite where none waits.
  BootTime EarliestGiveUp() const;

  // From now on Add refuses. Those that wait stay until they are judged.
  void Close();

 private:
  class Pending;
  struct Call;
  using CallPtr = std::shared_ptr<Call>;

  void JudgeEach(const std::vector<CallPtr>& calls, Judge judge);
  void Deliver(Call& call, absl::StatusOr<TokenPtr> answer);
  void Withdraw(Call& call);

  mutable Mutex mutex_;
  std::condition_variable_any delivered_;
  std::multimap<BootTime, CallPtr> by_give_up_ ABSL_GUARDED_BY(mutex_);
  std::vector<CallPtr> new_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_WAITING_QUERIES_H_
