#include "sandbox/faults.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace credential_broker::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::string MessageOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

TEST(Count, HappensSoManyTimes) {
  Count count{2};
  EXPECT_TRUE(count.Take());
  EXPECT_TRUE(count.Take());
  EXPECT_FALSE(count.Take());
}

TEST(Count, AlwaysDoesNotRunOut) {
  Count count{Count::kAlways};
  EXPECT_TRUE(count.Take());
  EXPECT_TRUE(count.Take());
}

TEST(FaultFlags, EachTakesItsOwnDefaultAndTellsWhatItDoes) {
  for (const FaultFlag& flag : FaultFlags()) {
    Faults faults;
    EXPECT_TRUE(SetFault(faults, flag.name, flag.default_value).ok()) << flag.name;
    EXPECT_EQ(FormatFault(faults, flag.name), flag.default_value) << flag.name;
    EXPECT_FALSE(flag.help.empty()) << flag.name;
    EXPECT_EQ(flag.choices.empty(), flag.kind != FaultKind::kChoice) << flag.name;
  }
}

TEST(FaultFlags, EachTakesEveryChoiceThatItNames) {
  for (const FaultFlag& flag : FaultFlags()) {
    for (const std::string& choice : flag.choices) {
      Faults faults;
      EXPECT_TRUE(SetFault(faults, flag.name, choice).ok()) << flag.name << " " << choice;
      EXPECT_EQ(FormatFault(faults, flag.name), choice);
    }
  }
}

TEST(FaultFlags, AreOptionsOfACommandLine) {
  EXPECT_EQ((FaultFlag{"login_status", FaultKind::kNumber, "", {}, ""}).OptionName(),
            "--login-status");
}

TEST(SetFault, TakesEachKind) {
  Faults faults;
  ASSERT_TRUE(SetFault(faults, "lifetime", "2").ok());
  EXPECT_EQ(faults.lifetime, absl::Seconds(2));
  ASSERT_TRUE(SetFault(faults, "lifetime", "250ms").ok());
  EXPECT_EQ(faults.lifetime, absl::Milliseconds(250));
  ASSERT_TRUE(SetFault(faults, "clock-skew", "-1h").ok());
  EXPECT_EQ(faults.clock_skew, -absl::Hours(1));
  ASSERT_TRUE(SetFault(faults, "retry_after", "0").ok());
  EXPECT_EQ(faults.retry_after, absl::ZeroDuration());
  ASSERT_TRUE(SetFault(faults, "retry_after", "none").ok());
  EXPECT_EQ(faults.retry_after, std::nullopt);
  ASSERT_TRUE(SetFault(faults, "rotate_refresh_token", "false").ok());
  EXPECT_FALSE(faults.rotate_refresh_token);
  ASSERT_TRUE(SetFault(faults, "login_status", "503").ok());
  EXPECT_EQ(faults.login.status, 503);
  EXPECT_EQ(faults.refresh.status, 0);
  ASSERT_TRUE(SetFault(faults, "lose_refresh", "3").ok());
  EXPECT_EQ(faults.refresh.lose.left, 3);
  ASSERT_TRUE(SetFault(faults, "hang_login", "always").ok());
  EXPECT_EQ(faults.login.hang.left, Count::kAlways);
  ASSERT_TRUE(SetFault(faults, "refresh_body", "html").ok());
  EXPECT_EQ(faults.refresh.body, BodyKind::kHtml);
}

TEST(SetFault, NamesTheNearestOfAnUnknownName) {
  Faults faults;
  const absl::Status status = SetFault(faults, "lifetme", "3");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(status), HasSubstr("\"lifetme\""));
  EXPECT_THAT(MessageOf(status), HasSubstr("\"lifetime\""));
}

TEST(SetFault, NamesTheNearestOfAnUnknownChoice) {
  Faults faults;
  EXPECT_THAT(MessageOf(SetFault(faults, "expiry", "jwt-only")), HasSubstr("\"jwt_only\""));
}

struct Bad {
  const char* name;
  const char* value;
};

class BadValue : public ::testing::TestWithParam<Bad> {};

TEST_P(BadValue, IsRefusedByNameAndChangesNothing) {
  Faults faults;
  const absl::Status status = SetFault(faults, GetParam().name, GetParam().value);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(status), HasSubstr(GetParam().name));
  EXPECT_EQ(FaultsToJson(faults), FaultsToJson(Faults()));
}

INSTANTIATE_TEST_SUITE_P(Each, BadValue,
                         ::testing::Values(Bad{"lifetime", "soon"}, Bad{"lifetime", ""},
                                           Bad{"lifetime", "nan"}, Bad{"lifetime", "inf"},
                                           Bad{"lifetime", "1e300"}, Bad{"lifetime", "none"},
                                           Bad{"retry_after", "soon"}, Bad{"keep_alive", "yes"},
                                           Bad{"keep_alive", "1"}, Bad{"login_status", "99"},
                                           Bad{"login_status", "600"}, Bad{"login_status", "100"},
                                           Bad{"login_status", "abc"}, Bad{"login_status", "true"},
                                           Bad{"lose_login", "-1"}, Bad{"lose_login", "twice"},
                                           Bad{"expiry", ""}, Bad{"login_body", "{}"},
                                           Bad{"users_body", "html"}));

TEST(UpdateFaults, SetsWhatIsNamedAndNoMore) {
  Faults faults;
  faults.lifetime = absl::Seconds(7);
  const auto names = UpdateFaults(faults, R"({"login_status":503,"login-status-count":3,
      "lose_refresh":true,"rotate_refresh_token":false,"delay":"20ms","retry_after":null})");
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_THAT(*names, UnorderedElementsAre("login_status", "login_status_count", "lose_refresh",
                                           "rotate_refresh_token", "delay", "retry_after"));
  EXPECT_EQ(faults.login.status, 503);
  EXPECT_EQ(faults.login.status_count.left, 3);
  EXPECT_EQ(faults.refresh.lose.left, Count::kAlways);
  EXPECT_FALSE(faults.rotate_refresh_token);
  EXPECT_EQ(faults.delay, absl::Milliseconds(20));
  EXPECT_EQ(faults.lifetime, absl::Seconds(7));
}

TEST(UpdateFaults, SetsAllOrNothing) {
  Faults faults;
  EXPECT_FALSE(UpdateFaults(faults, R"({"delay":1,"zzz":2})").ok());
  EXPECT_FALSE(UpdateFaults(faults, R"({"delay":1,"lifetime":{}})").ok());
  EXPECT_FALSE(UpdateFaults(faults, R"({"delay":1,"lifetime":[300]})").ok());
  EXPECT_EQ(faults.delay, absl::ZeroDuration());
}

TEST(UpdateFaults, RefusesWhatIsNoObject) {
  Faults faults;
  for (const char* body : {"", "[]", "3", "{", "null", "\"x\"", "\xff"}) {
    EXPECT_EQ(UpdateFaults(faults, body).status().code(), absl::StatusCode::kInvalidArgument)
        << body;
  }
}

TEST(FaultsToJson, IsWhatUpdateTakes) {
  Faults changed;
  ASSERT_TRUE(SetFault(changed, "expiry", "jwt_only").ok());
  ASSERT_TRUE(SetFault(changed, "retry_after", "1.5").ok());
  ASSERT_TRUE(SetFault(changed, "hang_users", "always").ok());
  Faults copy;
  ASSERT_TRUE(UpdateFaults(copy, FaultsToJson(changed)).ok());
  EXPECT_EQ(FaultsToJson(copy), FaultsToJson(changed));
  EXPECT_EQ(copy.retry_after, absl::Milliseconds(1500));
}

}  // namespace
}  // namespace credential_broker::sandbox
