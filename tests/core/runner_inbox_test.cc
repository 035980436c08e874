#include "core/runner_inbox.h"

#include <gtest/gtest.h>

#include <thread>
#include <variant>

#include "support/fake_clock.h"

namespace credential_broker {
namespace {

class RunnerInboxTest : public ::testing::Test {
 protected:
  RunnerInbox::Mail Take() { return inbox_.Take(BootTime::InfiniteFuture()); }

  FakeClock clock_;
  RunnerInbox inbox_{clock_};
};

TEST_F(RunnerInboxTest, HandsOutAllThatWasLeftOnce) {
  inbox_.KeyChanged();
  inbox_.AttemptEnded(AttemptFailure{FailureKind::kServerError, "", 503, {}, ""});
  inbox_.Stop();
  RunnerInbox::Mail mail = Take();
  EXPECT_TRUE(mail.key_changed);
  EXPECT_TRUE(mail.stop);
  ASSERT_TRUE(mail.result.has_value());
  EXPECT_EQ(std::get<AttemptFailure>(*mail.result).http_status, 503);
  inbox_.Wake();
  mail = Take();
  EXPECT_FALSE(mail.key_changed || mail.stop || mail.result.has_value());
}

TEST_F(RunnerInboxTest, SleepsUntilItIsWoken) {
  std::thread sleeper([this] { Take(); });
  ASSERT_TRUE(clock_.AwaitParked(BootTime::InfiniteFuture()));
  inbox_.Wake();
  sleeper.join();
}

TEST_F(RunnerInboxTest, SleepsUntilItsDeadline) {
  const BootTime deadline = clock_.Now() + absl::Seconds(7);
  std::thread sleeper([&] { inbox_.Take(deadline); });
  ASSERT_TRUE(clock_.AwaitParked(deadline));
  clock_.Advance(absl::Seconds(7));
  sleeper.join();
}

TEST_F(RunnerInboxTest, WakeUpBeforeTheSleepIsNotLost) {
  inbox_.Wake();
  Take();
}

}  // namespace
}  // namespace credential_broker
