#include "core/credential_state.h"

#include <gtest/gtest.h>

namespace credential_broker {
namespace {

TEST(CredentialStateName, IsLowerCase) {
  EXPECT_EQ(CredentialStateName(CredentialState::kPending), "pending");
  EXPECT_EQ(CredentialStateName(CredentialState::kReady), "ready");
  EXPECT_EQ(CredentialStateName(CredentialState::kDegraded), "degraded");
  EXPECT_EQ(CredentialStateName(CredentialState::kUnavailable), "unavailable");
  EXPECT_EQ(CredentialStateName(CredentialState::kRejected), "rejected");
}

}  // namespace
}  // namespace credential_broker
