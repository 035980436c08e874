#include "service/bearer_lease.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "core/reason.h"
#include "identity/bearer_token.h"

namespace credential_broker::service {
namespace {

constexpr absl::Duration kRetry = absl::Seconds(10);
constexpr absl::Duration kPause = absl::Seconds(5);
constexpr absl::Duration kMaxJitter = absl::Seconds(1);
// Longest that a call goes on while the API server cannot be reached: an outage should not end all
// streams, and a deleted account should not keep its own for as long as its token is valid.
constexpr absl::Duration kMaxUnreviewed = absl::Minutes(5);

absl::Status Expired() {
  return MakeError(Reason::kCallerUnauthenticated,
                   "the bearer token of this stream has expired; open a new one with a new token");
}

absl::Status NamesAnother() {
  return MakeError(
      Reason::kCallerUnauthenticated,
      "the bearer token of this stream belongs to another account now; open a new one");
}

absl::Status NotReviewed() {
  return MakeError(Reason::kUpstreamUnavailable,
                   StrCat("the Kubernetes API server has not reviewed the bearer token of this "
                          "stream for ",
                          absl::FormatDuration(kMaxUnreviewed), "; open it again later"),
                   kRetry, {{"upstream", "kubernetes"}});
}

bool IsRefusal(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnauthenticated;
}

}  // namespace

void BearerLeases::Pause() {
  const BootTime until = clock_.Now() + kPause;
  MutexLock lock(mutex_);
  paused_until_ = until;
}

bool BearerLeases::IsPaused() const {
  const BootTime now = clock_.Now();
  MutexLock lock(mutex_);
  return now < paused_until_;
}

BearerLease::BearerLease(rpc::Call& call, std::string principal, identity::CallerTokens& tokens,
                         BearerLeases& shared, OnEnd on_end)
    : call_(call),
      principal_(std::move(principal)),
      tokens_(tokens),
      shared_(shared),
      on_end_(std::move(on_end)),
      accepted_at_(shared.clock().Now()) {}

void BearerLease::Ask() {
  const absl::StatusOr<std::string_view> token =
      identity::BearerTokenIn(call_.metadata("authorization").value_or(std::string_view()));
  if (!token.ok()) {
    End(token.status());
    return;
  }
  if (const std::optional<identity::CallerVerdict> known = tokens_.TryIdentify(*token)) {
    OnVerdict(*known);
    return;
  }
  if (shared_.IsPaused()) {
    Postpone();
    return;
  }
  auto done = [self = rpc::HandlerRef(call_, *this)](identity::CallerVerdict verdict) {
    self.Post([verdict = std::move(verdict)](BearerLease& lease) {
      lease.pending_ = nullptr;
      lease.OnVerdict(verdict);
    });
  };
  Arm(kRetry);
  pending_ = tokens_.Identify(*token, call_.peer().counted_as, std::move(done));
}

void BearerLease::OnVerdict(const identity::CallerVerdict& verdict) {
  if (ended_) {
    return;
  }
  const BootTime now = shared_.clock().Now();
  if (verdict.ok()) {
    if (verdict->principal != principal_) {
      End(NamesAnother());
      return;
    }
    accepted_at_ = now;
    expires_at_ = verdict->expires_at;
    Arm(std::max(verdict->good_until - now, absl::ZeroDuration()) + Jitter());
    return;
  }
  if (IsRefusal(verdict.status())) {
    End(verdict.status());
    return;
  }
  if (identity::IsOutage(verdict.status())) {
    shared_.Pause();
  }
  Postpone();
}

void BearerLease::Postpone() { Arm(kRetry + Jitter()); }

void BearerLease::OnTimer() {
  if (UntilExpiry() <= absl::ZeroDuration()) {
    End(Expired());
  } else if (UntilOverdue() <= absl::ZeroDuration()) {
    End(NotReviewed());
  } else if (pending_ != nullptr) {
    Arm(kRetry);
  } else {
    Ask();
  }
}

void BearerLease::End(const absl::Status& status) {
  if (!std::exchange(ended_, true)) {
    timer_ = nullptr;
    pending_ = nullptr;
    on_end_(status);
  }
}

void BearerLease::Arm(absl::Duration delay) {
  timer_ = call_.RunAfter(
      std::max(std::min({delay, UntilExpiry(), UntilOverdue()}), absl::ZeroDuration()),
      [this] { OnTimer(); });
}

absl::Duration BearerLease::UntilExpiry() const {
  return expires_at_.has_value() ? *expires_at_ - shared_.clock().WallNow()
                                 : absl::InfiniteDuration();
}

absl::Duration BearerLease::UntilOverdue() const {
  return accepted_at_ + kMaxUnreviewed - shared_.clock().Now();
}

absl::Duration BearerLease::Jitter() { return shared_.random().Fraction() * kMaxJitter; }

}  // namespace credential_broker::service
