#ifndef CREDENTIAL_BROKER_SERVICE_BEARER_LEASE_H_
#define CREDENTIAL_BROKER_SERVICE_BEARER_LEASE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "identity/caller_tokens.h"
#include "rpc/call.h"

namespace credential_broker::service {

// What the leases of one broker share. Thread-safe; what it is made of outlives it.
class BearerLeases {
 public:
  explicit BearerLeases(const Clock& clock, Random& random = SystemRandom())
      : clock_(clock), random_(random) {}

  const Clock& clock() const { return clock_; }
  Random& random() { return random_; }

  // No lease asks for a while, since the API server cannot be reached.
  void Pause();
  bool IsPaused() const;

 private:
  const Clock& clock_;
  Random& random_;
  mutable Mutex mutex_;
  BootTime paused_until_ ABSL_GUARDED_BY(mutex_);
};

// Ends a long call in time for the bearer token that authenticated it: at the token's `exp`, or
// soon after a review refuses the token, since its account was deleted, say.
//
//   verdict ──good_until + up to 1 s──▶ review ──▶ accepted: a new verdict
//                                              ──▶ refused:  the call ends
//                                              ──▶ the API server cannot be reached: again
//                                                  in 10 s, for up to 5 minutes
//
// However many calls share a token, a verdict costs one review: TryIdentify returns it to all, and
// Identify joins the review in flight.
//
// A member of the call's handler, on the call's loop.
class BearerLease {
 public:
  // Called once, with the error to end the call with.
  using OnEnd = absl::AnyInvocable<void(const absl::Status&)>;

  // `call` was authenticated as `principal` just now, by its authorization metadata. All but
  // `principal` outlive the lease.
  BearerLease(rpc::Call& call, std::string principal, identity::CallerTokens& tokens,
              BearerLeases& shared, OnEnd on_end);
  BearerLease(const BearerLease&) = delete;
  BearerLease& operator=(const BearerLease&) = delete;

  // Looks up the verdict on the token for the first time.
  void Begin() { Ask(); }

 private:
  void Ask();
  void OnVerdict(const identity::CallerVerdict& verdict);
  // There is no verdict now: asks again later.
  void Postpone();
  void OnTimer();
  void End(const absl::Status& status);
  // Calls OnTimer after `delay`, but not later than the call has to end.
  void Arm(absl::Duration delay);
  absl::Duration UntilExpiry() const;
  // Until the last review that accepted the token is too long ago.
  absl::Duration UntilOverdue() const;
  absl::Duration Jitter();

  rpc::Call& call_;
  const std::string principal_;
  identity::CallerTokens& tokens_;
  BearerLeases& shared_;
  OnEnd on_end_;

  BootTime accepted_at_;
  std::optional<absl::Time> expires_at_;
  std::unique_ptr<identity::PendingCaller> pending_;  // null: no review is waited for
  std::unique_ptr<Timer> timer_;
  bool ended_ = false;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_BEARER_LEASE_H_
