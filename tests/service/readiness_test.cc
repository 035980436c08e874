#include "service/readiness.h"

#include <gtest/gtest.h>

namespace credential_broker::service {
namespace {

class ReadinessTest : public testing::Test {
 protected:
  std::vector<bool> told_;
  Readiness readiness_{{"a", "b"}, [this](bool ready) { told_.push_back(ready); }};
};

TEST_F(ReadinessTest, NotReadyUntilEveryCredentialHasAToken) {
  readiness_.Set("a", CredentialState::kReady);
  EXPECT_FALSE(readiness_.ready());
  readiness_.Set("b", CredentialState::kReady);
  EXPECT_TRUE(readiness_.ready());
  EXPECT_EQ(told_, (std::vector<bool>{false, true}));
}

TEST_F(ReadinessTest, AFailingUpstreamIsReadyWhileTheTokenIsUsable) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.Set("b", CredentialState::kDegraded);
  EXPECT_TRUE(readiness_.ready());
  readiness_.Set("b", CredentialState::kUnavailable);
  EXPECT_FALSE(readiness_.ready());
  readiness_.Set("b", CredentialState::kRejected);
  EXPECT_EQ(told_, (std::vector<bool>{false, true, false}));
}

TEST_F(ReadinessTest, DrainingIsFinal) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.Set("b", CredentialState::kReady);
  readiness_.StartDraining();
  EXPECT_FALSE(readiness_.ready());
  readiness_.Set("a", CredentialState::kReady);
  EXPECT_FALSE(readiness_.ready());
  EXPECT_EQ(told_, (std::vector<bool>{false, true, false}));
}

TEST_F(ReadinessTest, ACredentialOfAnotherConfigurationIsNoMatter) {
  readiness_.Set("c", CredentialState::kReady);
  EXPECT_EQ(told_, (std::vector<bool>{false}));
}

TEST_F(ReadinessTest, ANewcomerCountsOnlyOnceItHasWorked) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.Set("b", CredentialState::kReady);
  readiness_.Set("new", CredentialState::kPending);
  readiness_.Set("new", CredentialState::kRejected);
  EXPECT_TRUE(readiness_.ready());
  readiness_.Set("new", CredentialState::kReady);
  readiness_.Set("new", CredentialState::kUnavailable);
  EXPECT_FALSE(readiness_.ready());
}

TEST_F(ReadinessTest, OneThatIsGoneDoesNotCount) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.Remove("b");
  EXPECT_TRUE(readiness_.ready());
}

TEST_F(ReadinessTest, WithoutAnyItIsNotReady) {
  readiness_.Set("a", CredentialState::kReady);
  readiness_.Remove("a");
  readiness_.Remove("b");
  EXPECT_FALSE(readiness_.ready());
}

}  // namespace
}  // namespace credential_broker::service
