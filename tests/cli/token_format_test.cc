#include "cli/token_format.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/run_binary.h"

namespace credential_broker::cli {
namespace {

FetchedToken Example() {
  return {.value = Secret("abc.DEF-1_~+/="),
          .token_type = "Bearer",
          .version = "v\"7\xff",
          .expire_time = absl::FromUnixSeconds(1'700'000'300) + absl::Milliseconds(250),
          .refresh_time = absl::FromUnixSeconds(1'700'000'150),
          .remaining_validity = absl::Seconds(240) + absl::Milliseconds(5)};
}

std::string Format(const FetchedToken& token, std::string_view format) {
  return std::string(FormatToken(token, format).Reveal());
}

TEST(FormatToken, ValueIsTheTokenAlone) {
  EXPECT_EQ(Format(Example(), "value"), "abc.DEF-1_~+/=\n");
}

TEST(FormatToken, HeaderNamesTheType) {
  EXPECT_EQ(Format(Example(), "header"), "Authorization: Bearer abc.DEF-1_~+/=\n");
}

TEST(FormatToken, JsonHoldsEveryFieldInProtobufsForm) {
  const auto json = nlohmann::json::parse(Format(Example(), "json"));
  EXPECT_EQ(json, nlohmann::json({{"value", "abc.DEF-1_~+/="},
                                  {"tokenType", "Bearer"},
                                  {"version", "v\"7\xEF\xBF\xBD"},
                                  {"expireTime", "2023-11-14T22:18:20.25Z"},
                                  {"refreshTime", "2023-11-14T22:15:50Z"},
                                  {"remainingValidity", "240.005s"}}));
}

TEST(FormatToken, JsonLeavesOutWhatTheBrokerDidNotSay) {
  FetchedToken token = Example();
  token.expire_time.reset();
  token.refresh_time.reset();
  const auto json = nlohmann::json::parse(Format(token, "json"));
  EXPECT_FALSE(json.contains("expireTime"));
  EXPECT_FALSE(json.contains("refreshTime"));
}

TEST(FormatToken, EnvIsForAShellToEvaluate) {
  const std::string line = Format(Example(), "env");
  EXPECT_EQ(line, "export INVESTSUITE_ACCESS_TOKEN='abc.DEF-1_~+/='\n");
  EXPECT_EQ(RunProgram("sh", {"-c", line + "printf %s \"$INVESTSUITE_ACCESS_TOKEN\""}).out,
            "abc.DEF-1_~+/=");
}

}  // namespace
}  // namespace credential_broker::cli
