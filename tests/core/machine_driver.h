#ifndef CREDENTIAL_BROKER_TESTS_CORE_MACHINE_DRIVER_H_
#define CREDENTIAL_BROKER_TESTS_CORE_MACHINE_DRIVER_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/time/time.h"
#include "core/refresh_machine.h"
#include "core/token.h"

namespace credential_broker {

inline TokenPtr TokenOf(std::string version, absl::Duration lifetime, BootTime expires_at,
                        BootTime refresh_at) {
  auto token = std::make_shared<Token>();
  token->token_type = "Bearer";
  token->version = std::move(version);
  token->lifetime = lifetime;
  token->expires_at = expires_at;
  token->usable_until = expires_at - UsableSlack(lifetime);
  token->refresh_at = refresh_at;
  return token;
}

// Runs the refresh machine by hand: time and chance are what the test sets.
class MachineDriver {
 public:
  explicit MachineDriver(RefreshPolicy policy = {}) { state_.policy = policy; }

  // The attempt that this event starts, if it starts one.
  std::optional<UpstreamOperation> Feed(const RefreshEvent& event) {
    RefreshStep step = Next(std::move(state_), event, now_, random_);
    state_ = std::move(step.state);
    if (const auto* sleep = std::get_if<Sleep>(&step.action)) {
      sleep_until_ = sleep->until;
      return std::nullopt;
    }
    return std::holds_alternative<StartLogin>(step.action) ? UpstreamOperation::kLogin
                                                           : UpstreamOperation::kRefresh;
  }

  std::optional<UpstreamOperation> Tick() { return Feed(TimePassed{}); }

  // Sleeps as long as the machine said, then lets it look at the time.
  std::optional<UpstreamOperation> SleepOut() {
    now_ = std::max(now_, sleep_until_);
    return Tick();
  }

  std::optional<UpstreamOperation> Advance(absl::Duration by) {
    now_ = now_ + by;
    return Tick();
  }

  // The attempt in flight took `took` and was granted a token of `lifetime`, counted from its
  // start.
  std::optional<UpstreamOperation> Grant(absl::Duration lifetime = absl::Seconds(300),
                                         bool has_refresh_token = true,
                                         absl::Duration took = absl::ZeroDuration()) {
    const BootTime expires_at = now_ + lifetime;
    now_ = now_ + took;
    return Feed(
        AttemptGranted{TokenOf("v" + std::to_string(++granted_), lifetime, expires_at,
                               PlanRefresh(state_.policy, expires_at, lifetime, now_, random_)),
                       has_refresh_token});
  }

  std::optional<UpstreamOperation> Fail(FailureKind kind,
                                        std::optional<absl::Duration> retry_after = {}) {
    return Feed(AttemptFailed{kind, retry_after});
  }

  // The first login is granted, as most tests begin.
  void LogIn(absl::Duration lifetime = absl::Seconds(300), bool has_refresh_token = true) {
    Tick();
    Grant(lifetime, has_refresh_token);
  }

  // How long the machine sleeps from now.
  absl::Duration Pause() const { return sleep_until_ - now_; }
  absl::Duration Age() const { return now_ - state_.obtained_at; }

  const RefreshState& state() const { return state_; }
  BootTime now() const { return now_; }
  void set_now(BootTime now) { now_ = now; }
  void set_random(double random) { random_ = random; }

 private:
  RefreshState state_;
  BootTime now_ = BootTime::FromSinceBoot(absl::Hours(1));
  BootTime sleep_until_;
  double random_ = 0.5;
  int granted_ = 0;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_CORE_MACHINE_DRIVER_H_
