#include "core/current_credentials.h"

#include <gtest/gtest.h>

#include <utility>

namespace credential_broker {
namespace {

CredentialSet AllowingAnonymous(std::string_view credential) {
  AccessPolicy::Patterns patterns = {*PrincipalPattern::Parse("anonymous")};
  return CredentialSet({}, AccessPolicy({{std::string(credential), std::move(patterns)}}));
}

TEST(CurrentCredentialsTest, WhoHoldsASetKeepsItWhenAnotherComesIntoForce) {
  CurrentCredentials current(AllowingAnonymous("before"));
  const CurrentCredentials::SetPtr held = current.Get();
  current.Replace(std::make_shared<const CredentialSet>(AllowingAnonymous("after")));
  EXPECT_TRUE(held->policy().Allows("anonymous", "before"));
  EXPECT_FALSE(current.Get()->policy().Allows("anonymous", "before"));
  EXPECT_TRUE(current.Get()->policy().Allows("anonymous", "after"));
}

}  // namespace
}  // namespace credential_broker
