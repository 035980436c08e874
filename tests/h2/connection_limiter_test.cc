#include "h2/connection_limiter.h"

#include <gtest/gtest.h>

#include <vector>

namespace credential_broker::h2 {
namespace {

TEST(ConnectionLimiter, LimitsAllAndEachAddress) {
  Limits limits;
  limits.max_connections = 3;
  limits.max_connections_per_address = 2;
  Counters counters;
  ConnectionLimiter limiter(limits, counters);
  std::vector<ConnectionLimiter::Permit> permits;
  permits.push_back(limiter.Admit("a"));
  permits.push_back(limiter.Admit("a"));
  EXPECT_FALSE(limiter.Admit("a"));
  EXPECT_EQ(counters.refused_per_address.value(), 1U);
  permits.push_back(limiter.Admit("b"));
  EXPECT_TRUE(permits.back());
  EXPECT_FALSE(limiter.Admit("c"));
  EXPECT_EQ(counters.refused_total.value(), 1U);

  permits.clear();
  EXPECT_EQ(counters.connections_accepted.value(), 3U);
  EXPECT_EQ(counters.connections_closed.value(), 3U);
  EXPECT_TRUE(limiter.Admit("a"));
}

TEST(ConnectionLimiter, AMovedPermitIsGivenBackOnce) {
  Limits limits;
  limits.max_connections = 1;
  Counters counters;
  ConnectionLimiter limiter(limits, counters);
  {
    ConnectionLimiter::Permit first = limiter.Admit("a");
    ConnectionLimiter::Permit second(std::move(first));
    EXPECT_TRUE(second);
    EXPECT_FALSE(limiter.Admit("a"));
  }
  EXPECT_EQ(counters.connections_closed.value(), 1U);
  EXPECT_TRUE(limiter.Admit("a"));
}

}  // namespace
}  // namespace credential_broker::h2
