#include "cli/credential_table.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace credential_broker::cli {
namespace {

absl::Time Now() { return absl::FromUnixSeconds(1'700'000'000); }

std::vector<ListedCredential> Examples() {
  return {
      {.name = "default",
       .state = "READY",
       .version = "v-7",
       .expire_time = Now() + absl::Seconds(238),
       .last_refresh_time = Now() - absl::Seconds(62),
       .next_refresh_time = Now() + absl::Seconds(88)},
      {.name = "a-longer-name", .state = "REJECTED", .last_error_reason = "CREDENTIAL_REJECTED"}};
}

TEST(CredentialTable, TellsTimesFromNow) {
  EXPECT_EQ(
      CredentialTable(Examples(), Now()),
      "NAME           STATE     EXPIRES   LAST REFRESH  NEXT REFRESH  LAST ERROR           "
      "VERSION\n"
      "default        ready     in 3m58s  1m2s ago      in 1m28s      -                    v-7\n"
      "a-longer-name  rejected  -         -             -             CREDENTIAL_REJECTED  -\n");
}

TEST(CredentialTable, LetsNoControlCharacterThrough) {
  const std::string table = CredentialTable({{.name = "a\x1b[31m\n"}}, Now());
  EXPECT_NE(table.find("a?[31m?"), std::string::npos);
}

TEST(CredentialJson, IsProtobufsForm) {
  EXPECT_EQ(nlohmann::json::parse(CredentialJson(Examples())),
            nlohmann::json::parse(R"({"credentials": [
              {"name": "default", "state": "STATE_READY", "version": "v-7",
               "expireTime": "2023-11-14T22:17:18Z", "lastRefreshTime": "2023-11-14T22:12:18Z",
               "nextRefreshTime": "2023-11-14T22:14:48Z"},
              {"name": "a-longer-name", "state": "STATE_REJECTED",
               "lastErrorReason": "CREDENTIAL_REJECTED"}]})"));
  EXPECT_EQ(CredentialJson({}), "{\"credentials\":[]}\n");
}

}  // namespace
}  // namespace credential_broker::cli
