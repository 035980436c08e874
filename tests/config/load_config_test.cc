#include "config/load_config.h"

#include <sys/stat.h>

#include <map>
#include <string>

#include "base/strings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/test_folder.h"

namespace credential_broker::config {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kConfig = R"(apiVersion: credentialbroker/v1
kind: BrokerConfig
server: {listen: "127.0.0.1:1"}
credentials:
- name: default
  base_url: https://api.example.com
  access_key_id_file: id
  secret_access_key_file: /s/key
log: {level: warn}
)";

Environment FakeEnvironment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
}

const TestFolder& Folder() {
  static const TestFolder folder;
  return folder;
}

std::string Write(const std::string& name, std::string_view text) {
  return Folder().Write(name, text);
}

TEST(LoadConfig, ReadsAFile) {
  const std::string path = Write("good.yaml", kConfig);
  const absl::StatusOr<BrokerConfig> config = LoadConfig(path, {}, NoEnvironment());
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->credentials[0].login.id_file, Folder().Path("id"));
  EXPECT_EQ(config->credentials[0].login.secret_file, "/s/key");
  EXPECT_EQ(config->log.level, "warn");
}

TEST(LoadConfig, NamesAFileThatItCannotRead) {
  const absl::StatusOr<BrokerConfig> missing = LoadConfig("/no/such.yaml", {}, NoEnvironment());
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()),
              HasSubstr("/no/such.yaml: the configuration cannot be read: No such file"));
  const absl::StatusOr<BrokerConfig> folder = LoadConfig(Folder().path(), {}, NoEnvironment());
  EXPECT_THAT(std::string(folder.status().message()), HasSubstr("Is a directory"));
}

TEST(LoadConfig, DoesNotReadAFileWithoutEnd) {
  const absl::StatusOr<BrokerConfig> endless = LoadConfig("/dev/zero", {}, NoEnvironment());
  EXPECT_THAT(std::string(endless.status().message()), HasSubstr("larger than 1 MiB"));
}

TEST(LoadConfig, PutsFlagsBeforeEnvironmentBeforeFile) {
  const Environment environment = FakeEnvironment({{"CREDENTIAL_BROKER_LISTEN", "127.0.0.1:2"},
                                                   {"CREDENTIAL_BROKER_LOG_LEVEL", "error"},
                                                   {"CREDENTIAL_BROKER_LOG_FORMAT", "text"},
                                                   {"CREDENTIAL_BROKER_WHATEVER", "x"}});
  const absl::StatusOr<BrokerConfig> by_environment = ParseConfig(kConfig, "f", {}, environment);
  ASSERT_TRUE(by_environment.ok()) << by_environment.status();
  EXPECT_EQ(by_environment->server.listen, "127.0.0.1:2");
  EXPECT_EQ(by_environment->log.level, "error");
  EXPECT_EQ(by_environment->log.format, "text");

  Overrides flags;
  flags.listen = "127.0.0.1:3";
  flags.log_level = "debug";
  const absl::StatusOr<BrokerConfig> by_flag = ParseConfig(kConfig, "f", flags, environment);
  ASSERT_TRUE(by_flag.ok()) << by_flag.status();
  EXPECT_EQ(by_flag->server.listen, "127.0.0.1:3");
  EXPECT_EQ(by_flag->log.level, "debug");
  EXPECT_EQ(by_flag->log.format, "text");
}

TEST(LoadConfig, TakesAnEmptyVariableAsNotSet) {
  const absl::StatusOr<BrokerConfig> config =
      ParseConfig(kConfig, "f", {}, FakeEnvironment({{"CREDENTIAL_BROKER_LISTEN", ""}}));
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server.listen, "127.0.0.1:1");
}

TEST(LoadConfig, NamesTheFlagOrVariableThatIsWrong) {
  Overrides flags;
  flags.listen = "0.0.0.0:1";
  flags.log_level = "loud";
  const absl::StatusOr<BrokerConfig> config =
      ParseConfig(kConfig, "f", flags,
                  FakeEnvironment({{"CREDENTIAL_BROKER_LOG_FORMAT", "xml"},
                                   {"CREDENTIAL_BROKER_HTTP_LISTEN", "127.0.0.1"}}));
  EXPECT_EQ(config.status().message(),
            "--listen: \"0.0.0.0:1\" is open to the network without TLS; give server.tls a "
            "cert_file and a key_file, or say server.plaintext: true\n"
            "CREDENTIAL_BROKER_HTTP_LISTEN: \"127.0.0.1\": has no port; write host:port, "
            "[v6]:port or unix:/path, such as 0.0.0.0:8443\n"
            "--log-level: \"loud\" is not known; write debug or error or info or warn\n"
            "CREDENTIAL_BROKER_LOG_FORMAT: \"xml\" is not known; write json or text");
}

TEST(LoadConfig, AFlagMendsABadValueOfTheFile) {
  std::string text(kConfig);
  text.replace(text.find("127.0.0.1:1"), 11, "nowhere");
  EXPECT_FALSE(ParseConfig(text, "f").ok());
  Overrides flags;
  flags.listen = "127.0.0.1:3";
  EXPECT_TRUE(ParseConfig(text, "f", flags).ok());
}

}  // namespace
}  // namespace credential_broker::config
