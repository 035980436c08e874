#include "core/upstream_attempt.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "core/scripted_upstream.h"
#include "support/fake_clock.h"

namespace credential_broker {
namespace {

TEST(UpstreamAttempt, MakesTheCallOnAnotherThread) {
  FakeClock clock;
  auto script = std::make_shared<UpstreamScript>();
  UpstreamAttempt attempt(std::make_unique<ScriptedUpstream>(script));
  std::optional<AttemptResult> result;
  std::thread::id thread;
  const Secret refresh_token("r1");
  attempt.Start(UpstreamOperation::kRefresh, refresh_token, [&](AttemptResult done) {
    result = std::move(done);
    thread = std::this_thread::get_id();
  });
  const auto call = script->AwaitCall();
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->operation, UpstreamOperation::kRefresh);
  EXPECT_EQ(call->refresh_token, "r1");
  script->Answer(GrantOf("a", clock));
  attempt.Join();
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(std::holds_alternative<Grant>(*result));
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(UpstreamAttempt, CancelEndsAHangingCallAndLaterOnes) {
  auto script = std::make_shared<UpstreamScript>();
  UpstreamAttempt attempt(std::make_unique<ScriptedUpstream>(script));
  for (int i = 0; i < 2; ++i) {
    std::optional<AttemptResult> result;
    attempt.Start(UpstreamOperation::kLogin, Secret(),
                  [&](AttemptResult done) { result = std::move(done); });
    ASSERT_TRUE(script->AwaitCall().has_value());
    attempt.Cancel();
    attempt.Join();
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(std::get<AttemptFailure>(*result).kind, FailureKind::kCancelled);
  }
}

TEST(UpstreamAttempt, JoinWithoutAnAttemptReturns) {
  UpstreamAttempt attempt(std::make_unique<ScriptedUpstream>(std::make_shared<UpstreamScript>()));
  attempt.Join();
  attempt.Join();
}

TEST(UpstreamAttempt, UsesTheSessionThatItWasGivenLast) {
  FakeClock clock;
  auto before = std::make_shared<UpstreamScript>();
  auto after = std::make_shared<UpstreamScript>();
  UpstreamAttempt attempt(std::make_unique<ScriptedUpstream>(before));
  attempt.Use(std::make_unique<ScriptedUpstream>(after));
  attempt.Start(UpstreamOperation::kLogin, Secret(), [](AttemptResult) {});
  ASSERT_TRUE(after->AwaitCall().has_value());
  after->Answer(GrantOf("a", clock));
  attempt.Join();
  EXPECT_EQ(before->logins(), 0);
}

TEST(UpstreamAttempt, WhatIsUsedAfterACancelIsCancelledToo) {
  auto script = std::make_shared<UpstreamScript>();
  UpstreamAttempt attempt(std::make_unique<ScriptedUpstream>(std::make_shared<UpstreamScript>()));
  attempt.Cancel();
  attempt.Use(std::make_unique<ScriptedUpstream>(script));
  std::optional<AttemptResult> result;
  attempt.Start(UpstreamOperation::kLogin, Secret(),
                [&](AttemptResult done) { result = std::move(done); });
  attempt.Join();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(std::get<AttemptFailure>(*result).kind, FailureKind::kCancelled);
}

}  // namespace
}  // namespace credential_broker
