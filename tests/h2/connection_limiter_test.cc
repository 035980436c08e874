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
  for (const char* address : {"a", "a", "b"}) {
    permits.push_back(limiter.Admit(address));
    EXPECT_TRUE(permits.back());
  }
  EXPECT_TRUE(permits[0].Confirm());
  EXPECT_TRUE(permits[1].Confirm());
  EXPECT_FALSE(limiter.Admit("a"));
  EXPECT_EQ(counters.refused_per_address.value(), 1U);
  EXPECT_TRUE(permits[2].Confirm());
  EXPECT_FALSE(limiter.Admit("c"));
  EXPECT_EQ(counters.refused_total.value(), 1U);

  permits.clear();
  EXPECT_EQ(counters.connections_accepted.value(), 3U);
  EXPECT_EQ(counters.connections_closed.value(), 3U);
  EXPECT_TRUE(limiter.Admit("a"));
}

TEST(ConnectionLimiter, ConnectionsThatAreNotConfirmedTakeNoPlace) {
  Limits limits;
  limits.max_connections = 1;
  Counters counters;
  ConnectionLimiter limiter(limits, counters);
  ConnectionLimiter::Permit first = limiter.Admit("a");
  ConnectionLimiter::Permit second = limiter.Admit("b");
  EXPECT_TRUE(second.Confirm());
  EXPECT_FALSE(first.Confirm());
  EXPECT_EQ(counters.refused_total.value(), 1U);
  { const ConnectionLimiter::Permit gone(std::move(second)); }
  EXPECT_TRUE(limiter.Admit("a"));
  EXPECT_TRUE(first.Confirm());
}

TEST(ConnectionLimiter, AMovedPermitIsGivenBackOnce) {
  Limits limits;
  limits.max_connections = 1;
  Counters counters;
  ConnectionLimiter limiter(limits, counters);
  {
    ConnectionLimiter::Permit first = limiter.Admit("a");
    EXPECT_TRUE(first.Confirm());
    ConnectionLimiter::Permit second(std::move(first));
    EXPECT_TRUE(second);
    EXPECT_FALSE(limiter.Admit("a"));
  }
  EXPECT_EQ(counters.connections_closed.value(), 1U);
  EXPECT_TRUE(limiter.Admit("a"));
}

}  // namespace
}  // namespace credential_broker::h2
