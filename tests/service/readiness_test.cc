#include "service/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace credential_broker::service {
namespace {

using ::testing::ElementsAre;

constexpr auto kStarting = ReadinessPhase::kStarting;
constexpr auto kReady = ReadinessPhase::kReady;
constexpr auto kDraining = ReadinessPhase::kDraining;

class ReadinessTest : public testing::Test {
 protected:
  std::vector<ReadinessPhase> phases_;  // as `on_change` was told
  Readiness readiness_{{"a", "b"}, [this](ReadinessPhase phase) { phases_.push_back(phase); }};
};

TEST_F(ReadinessTest, NotReadyUntilTheFirstAttemptOfEveryCredentialHasEnded) {
  readiness_.Set("a", CredentialState::kReady);
  EXPECT_EQ(readiness_.phase(), kStarting);
  readiness_.Set("b", CredentialState::kPending);
  EXPECT_EQ(readiness_.phase(), kStarting);
  readiness_.Set("b", CredentialState::kReady);
  EXPECT_EQ(readiness_.phase(), kReady);
  EXPECT_THAT(phases_, ElementsAre(kStarting, kReady));
}

TEST_F(ReadinessTest, AnAttemptThatFailedHasEnded) {
  for (const CredentialState failed : {CredentialState::kRejected, CredentialState::kUnavailable}) {
    Readiness readiness({"a", "b"}, [](ReadinessPhase) {});
    readiness.Set("b", failed);
    EXPECT_EQ(readiness.phase(), kStarting);
    readiness.Set("a", CredentialState::kReady);
    EXPECT_EQ(readiness.phase(), kReady);
  }
}

TEST_F(ReadinessTest, NotReadyWithoutAnyUsableToken) {
  readiness_.Set("a", CredentialState::kRejected);
  readiness_.Set("b", CredentialState::kUnavailable);
  EXPECT_EQ(readiness_.phase(), kStarting);
  readiness_.Set("b", CredentialState::kReady);
  EXPECT_THAT(phases_, ElementsAre(kStarting, kReady));
}

TEST_F(ReadinessTest, ATokenThatEndsBeforeTheLastFirstAttemptDoesNotCount) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.Set("a", CredentialState::kUnavailable);
  readiness_.Set("b", CredentialState::kRejected);
  EXPECT_EQ(readiness_.phase(), kStarting);
  readiness_.Set("a", CredentialState::kDegraded);
  EXPECT_EQ(readiness_.phase(), kReady);
}

TEST_F(ReadinessTest, OnceReadyItStaysReady) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.Set("b", CredentialState::kReady);
  for (const char* name : {"a", "b"}) {
    readiness_.Set(name, CredentialState::kUnavailable);
    readiness_.Set(name, CredentialState::kRejected);
  }
  readiness_.Replace({"new"}, {});
  readiness_.Set("new", CredentialState::kRejected);
  readiness_.Replace({"a"}, {"b", "new"});
  readiness_.Replace({}, {"a"});
  EXPECT_EQ(readiness_.phase(), kReady);
  EXPECT_THAT(phases_, ElementsAre(kStarting, kReady));
}

TEST_F(ReadinessTest, DrainingIsFinal) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.StartDraining();
  readiness_.Set("b", CredentialState::kReady);
  readiness_.Replace({}, {"a", "b"});
  readiness_.StartDraining();
  EXPECT_EQ(readiness_.phase(), kDraining);
  EXPECT_THAT(phases_, ElementsAre(kStarting, kDraining));
}

TEST_F(ReadinessTest, ACredentialThatIsNotInForceDoesNotCount) {
  readiness_.Set("c", CredentialState::kReady);
  readiness_.Set("a", CredentialState::kRejected);
  readiness_.Set("b", CredentialState::kRejected);
  EXPECT_EQ(readiness_.phase(), kStarting);
}

TEST(Readiness, ReadyAtOnceWithoutCredentials) {
  std::vector<ReadinessPhase> phases;
  const Readiness readiness({}, [&phases](ReadinessPhase phase) { phases.push_back(phase); });
  EXPECT_EQ(readiness.phase(), kReady);
  EXPECT_THAT(phases, ElementsAre(kReady));
}

class ReloadWhileStarting : public ReadinessTest {};

TEST_F(ReloadWhileStarting, AnAddedCredentialHasAFirstAttemptToo) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.Replace({"c"}, {});
  readiness_.Set("b", CredentialState::kRejected);
  EXPECT_EQ(readiness_.phase(), kStarting);
  readiness_.Set("c", CredentialState::kUnavailable);
  EXPECT_EQ(readiness_.phase(), kReady);
}

TEST_F(ReloadWhileStarting, AnAddedCredentialsTokenCounts) {
  readiness_.Set("a", CredentialState::kRejected);
  readiness_.Set("b", CredentialState::kRejected);
  readiness_.Replace({"c"}, {});
  EXPECT_EQ(readiness_.phase(), kStarting);
  readiness_.Set("c", CredentialState::kReady);
  EXPECT_EQ(readiness_.phase(), kReady);
}

TEST_F(ReloadWhileStarting, OneOfAnotherAccountUnderAnOldNameStartsAnew) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.Replace({"a"}, {});
  readiness_.Set("b", CredentialState::kRejected);
  EXPECT_EQ(readiness_.phase(), kStarting) << "the token of the old account is gone";
  readiness_.Set("a", CredentialState::kReady);
  EXPECT_EQ(readiness_.phase(), kReady);
}

TEST_F(ReloadWhileStarting, ARemovedCredentialDoesNotCount) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.Replace({}, {"b"});
  EXPECT_EQ(readiness_.phase(), kReady);
}

TEST_F(ReloadWhileStarting, ReadyIfNoCredentialIsLeft) {
  readiness_.Set("a", CredentialState::kRejected);
  readiness_.Replace({}, {"a", "b"});
  EXPECT_THAT(phases_, ElementsAre(kStarting, kReady));
}

TEST_F(ReloadWhileStarting, AReplacementOfAllIsOneStep) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.Replace({"c", "d"}, {"a", "b"});
  EXPECT_EQ(readiness_.phase(), kStarting) << "neither when none is left nor when b is gone";
  readiness_.Set("c", CredentialState::kRejected);
  readiness_.Set("d", CredentialState::kReady);
  EXPECT_EQ(readiness_.phase(), kReady);
}

}  // namespace
}  // namespace credential_broker::service
