#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/machine_driver.h"
#include "core/refresh_machine.h"

// I6: an upstream outage of 100 s at L = 300 s, at the worst moment, costs no caller an error.

namespace credential_broker {
namespace {

constexpr absl::Duration kLifetime = absl::Seconds(300);
constexpr absl::Duration kOutage = absl::Seconds(100);
constexpr absl::Duration kLongestCall = absl::Seconds(5);  // the default request_timeout

struct Outage {
  FailureKind kind;
  absl::Duration call;     // how long a call takes that fails
  absl::Duration healthy;  // and one that does not
  double refresh_draw;     // places the refresh: 1 is as late as can be
};

// Starts the outage at the very refresh, and returns how long the old token was still usable when
// the next came: negative, and a caller has got an error.
absl::Duration MarginAfter(const Outage& outage, std::mt19937_64& chance, double lowest_draw,
                           double highest_draw) {
  std::uniform_real_distribution<double> draw(lowest_draw, highest_draw);
  MachineDriver machine;
  machine.set_random(outage.refresh_draw);
  machine.LogIn(kLifetime);
  const TokenPtr old = machine.state().token;
  auto attempt = machine.SleepOut();
  EXPECT_EQ(attempt, UpstreamOperation::kRefresh);
  const BootTime end = machine.now() + kOutage;
  while (machine.state().token == old) {
    machine.set_random(draw(chance));
    if (!attempt.has_value()) {
      attempt = machine.SleepOut();
    } else if (machine.now() < end) {
      // It may begin just before the end and hang for its whole time.
      machine.set_now(machine.now() + outage.call);
      attempt = machine.Fail(outage.kind);
    } else {
      machine.Grant(kLifetime, true, outage.healthy);
    }
  }
  return old->usable_until - machine.now();
}

TEST(RefreshMachineOutage, OfAHundredSecondsCostsNoCallerAnError) {
  std::mt19937_64 chance(1);  // NOLINT: the same walk every time
  constexpr double kAlmostOne = 0.999999999;
  absl::Duration least = absl::InfiniteDuration();
  for (FailureKind kind :
       {FailureKind::kNotSent, FailureKind::kAmbiguous, FailureKind::kServerError}) {
    for (absl::Duration call : {absl::ZeroDuration(), absl::Seconds(1), kLongestCall}) {
      const Outage outage{kind, call, kLongestCall, kAlmostOne};
      least = std::min(least, MarginAfter(outage, chance, 0, 0.000001));
      least = std::min(least, MarginAfter(outage, chance, kAlmostOne, 1));
      for (int i = 0; i < 3000; ++i) {
        least = std::min(least, MarginAfter(outage, chance, 0, 1));
      }
    }
  }
  EXPECT_GE(least, absl::ZeroDuration());
}

TEST(RefreshMachineOutage, IsOverWithinOnePauseAndOneCall) {
  std::mt19937_64 chance(2);  // NOLINT: the same walk every time
  for (int i = 0; i < 1000; ++i) {
    const Outage outage{FailureKind::kServerError, absl::ZeroDuration(), absl::ZeroDuration(), 0.5};
    // Refresh at 150 s, outage to 250 s, usable to 290 s.
    EXPECT_GE(MarginAfter(outage, chance, 0, 1), absl::Seconds(40 - 15));
  }
}

}  // namespace
}  // namespace credential_broker
