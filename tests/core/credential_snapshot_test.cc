#include "core/credential_snapshot.h"

#include <gtest/gtest.h>

#include "core/machine_driver.h"

namespace credential_broker {
namespace {

// NOLINTNEXTLINE(bugprone-throwing-static-initialization): it does not throw
const absl::Time kWall = absl::FromUnixSeconds(1'700'000'000);

CredentialSnapshot SnapshotOf(const MachineDriver& machine) {
  return {"default", machine.state(), "it failed", kWall, false};
}

CredentialState StateOf(const MachineDriver& machine) {
  return StateAt(SnapshotOf(machine), machine.now());
}

TEST(StateAt, FollowsTheFirstLogin) {
  MachineDriver machine;
  EXPECT_EQ(StateOf(machine), CredentialState::kPending);
  machine.Tick();
  EXPECT_EQ(StateOf(machine), CredentialState::kPending);
  machine.Fail(FailureKind::kServerError);
  EXPECT_EQ(StateOf(machine), CredentialState::kUnavailable);
  machine.SleepOut();
  EXPECT_EQ(StateOf(machine), CredentialState::kUnavailable);
  machine.Grant();
  EXPECT_EQ(StateOf(machine), CredentialState::kReady);
}

TEST(StateAt, RefusedKeyIsRejectedUntilALoginSucceeds) {
  MachineDriver machine;
  machine.Tick();
  machine.Fail(FailureKind::kUnauthorized);
  EXPECT_EQ(StateOf(machine), CredentialState::kRejected);
  machine.Feed(KeyChanged{});
  EXPECT_EQ(StateOf(machine), CredentialState::kRejected);
  machine.Grant();
  EXPECT_EQ(StateOf(machine), CredentialState::kReady);
}

TEST(StateAt, UsableTokenIsDegradedByAFailureAndUnavailableAtItsEnd) {
  MachineDriver machine;
  machine.LogIn();
  machine.SleepOut();
  EXPECT_EQ(StateOf(machine), CredentialState::kReady);
  machine.Fail(FailureKind::kNotSent);
  EXPECT_EQ(StateOf(machine), CredentialState::kDegraded);
  machine.set_now(machine.state().token->usable_until);
  EXPECT_EQ(StateOf(machine), CredentialState::kUnavailable);
}

TEST(StatusAt, TellsTimesByTheWallClock) {
  MachineDriver machine;
  machine.LogIn();
  CredentialStatus status = StatusAt(SnapshotOf(machine), machine.now(), kWall);
  EXPECT_EQ(status.name, "default");
  EXPECT_EQ(status.version, "v1");
  EXPECT_TRUE(status.expire_time.has_value());
  EXPECT_EQ(status.last_refresh_time, kWall);
  EXPECT_EQ(status.next_refresh_time, kWall + absl::Seconds(150));
  EXPECT_FALSE(status.last_error.has_value());
}

TEST(StatusAt, HidesATokenThatIsNotUsable) {
  MachineDriver machine;
  machine.LogIn();
  machine.SleepOut();
  machine.Fail(FailureKind::kServerError);
  machine.set_now(machine.state().token->usable_until);
  CredentialStatus status = StatusAt(SnapshotOf(machine), machine.now(), kWall);
  EXPECT_EQ(status.version, "");
  EXPECT_FALSE(status.expire_time.has_value());
  EXPECT_EQ(status.last_error, Reason::kUpstreamUnavailable);
}

TEST(StatusAt, PlansNothingWhileAnAttemptIsInFlightOrAfterTheEnd) {
  MachineDriver machine;
  machine.Tick();
  EXPECT_FALSE(StatusAt(SnapshotOf(machine), machine.now(), kWall).next_refresh_time.has_value());
  machine.Grant();
  CredentialSnapshot snapshot = SnapshotOf(machine);
  snapshot.stopping = true;
  EXPECT_FALSE(StatusAt(snapshot, machine.now(), kWall).next_refresh_time.has_value());
}

TEST(StatusAt, LastErrorNamesTheFailure) {
  for (auto [kind, reason] : {std::pair(FailureKind::kNotSent, Reason::kUpstreamUnavailable),
                              {FailureKind::kAmbiguous, Reason::kUpstreamUnavailable},
                              {FailureKind::kServerError, Reason::kUpstreamUnavailable},
                              {FailureKind::kClientError, Reason::kUpstreamUnavailable},
                              {FailureKind::kCancelled, Reason::kUpstreamUnavailable},
                              {FailureKind::kRateLimited, Reason::kUpstreamRateLimited},
                              {FailureKind::kUnauthorized, Reason::kCredentialRejected},
                              {FailureKind::kNoKey, Reason::kCredentialRejected}}) {
    MachineDriver machine;
    machine.Tick();
    machine.Fail(kind);
    EXPECT_EQ(StatusAt(SnapshotOf(machine), machine.now(), kWall).last_error, reason);
  }
}

}  // namespace
}  // namespace credential_broker
