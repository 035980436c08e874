#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/run_binary.h"
#include "cli/test_files.h"

namespace credential_broker::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kGood[] = R"(apiVersion: credentialbroker/v1
kind: BrokerConfig
server:
  listen: 127.0.0.1:8443
credentials:
- name: default
  base_url: https://api.sandbox.investsuite.com
  access_key_id_file: /secrets/id
  secret_access_key_file: /secrets/key
  allow:
  - principals: [anonymous]
)";

TEST(CheckConfig, AGoodFileIsZeroAndNothingOnStandardOutput) {
  const TestFolder folder;
  const std::string path = folder.Write("broker.yaml", kGood);
  const Outcome outcome = RunBinary({"check-config", path});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, path + ": OK\n");
}

TEST(CheckConfig, EveryMistakeIsToldWithItsLine) {
  const TestFolder folder;
  const std::string path =
      folder.Write("broker.yaml", std::string(kGood) + "  refrsh_at: 0.4\n  conect_timeout: 1s\n");
  const Outcome outcome = RunBinary({"check-config", path});
  EXPECT_EQ(outcome.exit_code, kExitLocalError);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr(path + ":12: "));
  EXPECT_THAT(outcome.err, HasSubstr("refresh_at"));
  EXPECT_THAT(outcome.err, HasSubstr(path + ":13: "));
}

TEST(CheckConfig, TheEnvironmentCounts) {
  const TestFolder folder;
  const std::string path = folder.Write("broker.yaml", kGood);
  const Outcome outcome =
      RunBinary({"check-config", path}, {{"CREDENTIAL_BROKER_LISTEN", "nonsense"}});
  EXPECT_EQ(outcome.exit_code, kExitLocalError);
  EXPECT_THAT(outcome.err, HasSubstr("CREDENTIAL_BROKER_LISTEN"));
}

TEST(CheckConfig, AFileThatIsNotThereIsNamed) {
  const Outcome outcome = RunBinary({"check-config", "/nowhere/broker.yaml"});
  EXPECT_EQ(outcome.exit_code, kExitLocalError);
  EXPECT_THAT(outcome.err, HasSubstr("/nowhere/broker.yaml"));
}

}  // namespace
}  // namespace credential_broker::cli
