#include "core/token.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace credential_broker {
namespace {

TEST(UsableSlack, IsTenSecondsOrATenthOfAShortLife) {
  EXPECT_EQ(UsableSlack(absl::Seconds(300)), absl::Seconds(10));
  EXPECT_EQ(UsableSlack(absl::Seconds(100)), absl::Seconds(10));
  EXPECT_EQ(UsableSlack(absl::Seconds(60)), absl::Seconds(6));
  EXPECT_EQ(UsableSlack(absl::Hours(1)), absl::Seconds(10));
}

TEST(MakeToken, CountsTimesFromTheGrant) {
  const BootTime now = BootTime::FromSinceBoot(absl::Seconds(1000));
  const absl::Time wall = absl::FromUnixSeconds(1'700'000'000);
  Grant grant;
  grant.access_token = Secret("access");
  grant.refresh_token = Secret("refresh");
  grant.token_type = "Bearer";
  grant.expires_at = now + absl::Seconds(298);
  grant.lifetime = absl::Seconds(300);
  const TokenPtr token = MakeToken(std::move(grant), "v1", now + absl::Seconds(150), now, wall);
  EXPECT_EQ(token->value.Reveal(), "access");
  EXPECT_EQ(token->token_type, "Bearer");
  EXPECT_EQ(token->version, "v1");
  EXPECT_EQ(token->usable_until, now + absl::Seconds(288));
  EXPECT_EQ(token->expire_time, wall + absl::Seconds(298));
  EXPECT_EQ(token->refresh_time, wall + absl::Seconds(150));
  EXPECT_TRUE(token->UsableAt(token->usable_until - absl::Nanoseconds(1)));
  EXPECT_FALSE(token->UsableAt(token->usable_until));
}

TEST(NewVersion, IsShortPlainAndNeverTheSame) {
  std::set<std::string> versions;
  for (int i = 0; i < 1000; ++i) {
    const std::string version = NewVersion(SystemRandom());
    EXPECT_EQ(version.size(), 26U);
    EXPECT_EQ(version.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos);
    versions.insert(version);
  }
  EXPECT_EQ(versions.size(), 1000U);
}

}  // namespace
}  // namespace credential_broker
