#include "sandbox/stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

namespace credential_broker::sandbox {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

TEST(Stats, EveryCounterHasANameOfItsOwn) {
  EXPECT_EQ(CounterNames().size(), kCounters);
  EXPECT_EQ(std::set<std::string>(CounterNames().begin(), CounterNames().end()).size(), kCounters);
  EXPECT_EQ(FindCounter("logins").value(), Counter::kLogins);
  EXPECT_EQ(FindCounter("max_auth_in_flight").value(), Counter::kMaxAuthInFlight);
  EXPECT_EQ(FindCounter("handshake_failures").value(), Counter::kHandshakeFailures);
}

TEST(Stats, NamesTheNearestCounter) {
  const auto found = FindCounter("login");
  EXPECT_EQ(found.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(found.status().message()), HasSubstr("\"logins\""));
}

TEST(Stats, KeepsTheMostAtOnce) {
  Stats stats;
  stats.Add(Counter::kAuthInFlight);
  stats.Add(Counter::kAuthInFlight);
  stats.Add(Counter::kAuthInFlight, -2);
  stats.Add(Counter::kAuthInFlight);
  EXPECT_EQ(stats.Get(Counter::kAuthInFlight), 1);
  EXPECT_EQ(stats.Get(Counter::kMaxAuthInFlight), 2);
}

TEST(Stats, LogsRequestsInTheOrderInWhichTheyCame) {
  Stats stats;
  const auto login = stats.Begin("login", absl::Seconds(1));
  const auto users = stats.Begin("users", absl::Seconds(2));
  stats.End(users, "served", 200, absl::Seconds(3));
  Json log = Json::parse(stats.ToJson())["log"];
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0]["operation"], "login");
  EXPECT_EQ(log[0]["outcome"], "in_flight");
  EXPECT_EQ(log[1]["outcome"], "served");
  EXPECT_EQ(log[1]["status"], 200);
  EXPECT_EQ(log[1]["at_seconds"], 2.0);
  EXPECT_EQ(log[1]["took_seconds"], 1.0);
  stats.End(login, "granted", 200, absl::Seconds(4));
  log = Json::parse(stats.ToJson())["log"];
  EXPECT_EQ(log[0]["outcome"], "granted");
}

TEST(Stats, ForgetsTheOldest) {
  Stats stats;
  const auto first = stats.Begin("login", absl::ZeroDuration());
  for (int i = 0; i < 1000; ++i) {
    stats.Begin("users", absl::ZeroDuration());
  }
  stats.End(first, "granted", 200, absl::ZeroDuration());
  const Json log = Json::parse(stats.ToJson())["log"];
  EXPECT_EQ(log.size(), 1000U);
  EXPECT_EQ(log[0]["n"], 2);
  EXPECT_EQ(log[0]["outcome"], "in_flight");
}

}  // namespace
}  // namespace credential_broker::sandbox
