#include <string>

#include "base/strings.h"
#include "config/load_config.h"
#include "gtest/gtest.h"

namespace credential_broker::config {
namespace {

absl::StatusOr<BrokerConfig> Parse(const std::string& http, const Overrides& flags = {}) {
  return ParseConfig(StrCat("apiVersion: credentialbroker/v1\n"
                            "kind: BrokerConfig\n"
                            "server: {listen: 127.0.0.1:1}\n"
                            "credentials:\n"
                            "- name: default\n"
                            "  base_url: https://api.example.com\n"
                            "  access_key_id_file: /a\n"
                            "  secret_access_key_file: /b\n",
                            http),
                     "b.yaml", flags);
}

TEST(HttpSection, IsAbsentByDefault) {
  const absl::StatusOr<BrokerConfig> config = Parse("");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->http.listen, "");
  EXPECT_FALSE(config->http.statusz);
  EXPECT_FALSE(config->http.any_port_if_taken);
}

TEST(HttpSection, MayBeOpenToTheNetwork) {
  const absl::StatusOr<BrokerConfig> config =
      Parse("http: {listen: \"0.0.0.0:9090\", statusz: true}\n");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->http.listen, "0.0.0.0:9090");
  EXPECT_TRUE(config->http.statusz);
}

TEST(HttpSection, GivesWayToTheFlag) {
  Overrides flags;
  flags.http_listen = "127.0.0.1:2";
  EXPECT_EQ(Parse("", flags)->http.listen, "127.0.0.1:2");
  EXPECT_EQ(Parse("http: {statusz: true}\n", flags)->http.listen, "127.0.0.1:2");
  EXPECT_EQ(Parse("http: {listen: nowhere}\n", flags)->http.listen, "127.0.0.1:2");
}

TEST(HttpSection, TellsWhatIsWrong) {
  EXPECT_EQ(Parse("http: {}\n").status().message(),
            "b.yaml:9: http.listen: is missing; write host:port, such as 0.0.0.0:9090");
  EXPECT_EQ(Parse("http: {listen: \"0.0.0.0\"}\n").status().message(),
            "b.yaml:9: http.listen: \"0.0.0.0\": has no port; write host:port, [v6]:port or "
            "unix:/path, such as 0.0.0.0:8443");
  EXPECT_EQ(Parse("http: {listen: \"0.0.0.0:1\", statsz: true}\n").status().message(),
            "b.yaml:9: http.statsz: unknown key (did you mean statusz?)");
  EXPECT_EQ(Parse("http: true\n").status().message(),
            "b.yaml:9: http: must be a map of keys; a single value stands here");
}

}  // namespace
}  // namespace credential_broker::config
