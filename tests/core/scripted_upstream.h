#ifndef CREDENTIAL_BROKER_TESTS_CORE_SCRIPTED_UPSTREAM_H_
#define CREDENTIAL_BROKER_TESTS_CORE_SCRIPTED_UPSTREAM_H_

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "core/refresh_machine.h"
#include "core/upstream_session.h"

namespace credential_broker {

// The test's side of a scripted InvestSuite: each call blocks until the test answers it, or
// cancels. Thread-safe.
class UpstreamScript {
 public:
  struct Call {
    UpstreamOperation operation;
    std::string refresh_token;
  };

  // The call that is in flight, once there is one; none after 30 real seconds.
  std::optional<Call> AwaitCall() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [&] { return call_.has_value(); });
    return call_;
  }

  // Ends the call in flight.
  void Answer(AttemptResult result) {
    std::lock_guard<std::mutex> lock(mutex_);
    answer_ = std::move(result);
    call_.reset();
    changed_.notify_all();
  }

  int logins() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return logins_;
  }
  int refreshes() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return refreshes_;
  }

 private:
  friend class ScriptedUpstream;

  AttemptResult Take(Call call) {
    std::unique_lock<std::mutex> lock(mutex_);
    ++(call.operation == UpstreamOperation::kLogin ? logins_ : refreshes_);
    call_ = std::move(call);
    changed_.notify_all();
    changed_.wait(lock, [&] { return answer_.has_value() || cancelled_; });
    if (cancelled_) {
      return AttemptFailure{FailureKind::kCancelled, "cancelled", 0, {}, ""};
    }
    AttemptResult result = *std::move(answer_);
    answer_.reset();
    return result;
  }

  void Cancel() {
    std::lock_guard<std::mutex> lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Call> call_;
  std::optional<AttemptResult> answer_;
  bool cancelled_ = false;
  int logins_ = 0;
  int refreshes_ = 0;
};

class ScriptedUpstream final : public UpstreamSession {
 public:
  explicit ScriptedUpstream(std::shared_ptr<UpstreamScript> script) : script_(std::move(script)) {}

  AttemptResult Login() override { return script_->Take({UpstreamOperation::kLogin, ""}); }
  AttemptResult Refresh(const Secret& refresh_token) override {
    return script_->Take({UpstreamOperation::kRefresh, std::string(refresh_token.Reveal())});
  }
  void Cancel() override { script_->Cancel(); }

 private:
  const std::shared_ptr<UpstreamScript> script_;
};

// A grant whose access token is "access-NAME" and whose refresh token is "refresh-NAME".
inline Grant GrantOf(const std::string& name, const Clock& clock,
                     absl::Duration lifetime = absl::Seconds(300)) {
  Grant grant;
  grant.access_token = Secret("access-" + name);
  grant.refresh_token = Secret("refresh-" + name);
  grant.token_type = "Bearer";
  grant.expires_at = clock.Now() + lifetime;
  grant.lifetime = lifetime;
  return grant;
}

inline AttemptFailure FailureOf(FailureKind kind,
                                std::optional<absl::Duration> retry_after = std::nullopt) {
  return {kind, "it failed", 0, retry_after, ""};
}

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_CORE_SCRIPTED_UPSTREAM_H_
