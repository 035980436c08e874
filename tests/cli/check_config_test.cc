#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/run_binary.h"
#include "support/test_ca.h"
#include "support/test_folder.h"

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

TEST(CheckConfig, AnEmptyListOfCredentialsIsAWarning) {
  const TestFolder folder;
  std::string text = kGood;
  text.replace(text.find("credentials:"), std::string::npos, "credentials: []\n");
  const Outcome outcome = RunBinary({"check-config", folder.Write("broker.yaml", text)});
  EXPECT_EQ(outcome.exit_code, kExitOk) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("warning: credentials: the list is empty"));
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

// With server.tls, whose files are those of a CA of its own.
class CheckConfigTls : public ::testing::Test {
 protected:
  CheckConfigTls() {
    const PemIdentity identity = ca_.Issue("DNS:localhost");
    folder_.Write("tls.crt", identity.certificate);
    folder_.Write("tls.key", identity.key);
    folder_.Write("ca.pem", ca_.pem());
  }

  // `tls`: more of the section.
  Outcome Check(const std::string& tls, std::vector<std::string> options = {}) {
    std::string text = kGood;
    const std::string listen = "  listen: 127.0.0.1:8443\n";
    text.insert(text.find(listen) + listen.size(),
                "  tls: {cert_file: tls.crt, key_file: tls.key" + tls + "}\n");
    std::vector<std::string> arguments = {"check-config", folder_.Write("broker.yaml", text)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return RunBinary(arguments);
  }

  TestFolder folder_;
  TestCa ca_;
};

TEST_F(CheckConfigTls, ReadsTheFilesAsServeDoes) {
  EXPECT_EQ(Check(", client_ca_file: ca.pem").exit_code, kExitOk);
  folder_.Write("broken.pem", ca_.pem().substr(0, 200));
  const Outcome broken = Check(", client_ca_file: broken.pem");
  EXPECT_EQ(broken.exit_code, kExitLocalError);
  EXPECT_THAT(broken.err, HasSubstr("broken.pem"));
  EXPECT_THAT(broken.err, HasSubstr("client CA: certificate 1 cannot be read"));
  folder_.Write("copy.pem", ca_.pem());
  const Outcome twice = Check(
      ", client_ca: [{file: ca.pem, trust_domains: [prod]}, {file: copy.pem, trust_domains: "
      "[test]}]");
  EXPECT_EQ(twice.exit_code, kExitLocalError);
  EXPECT_THAT(twice.err, HasSubstr("is in another entry of client_ca too"));
  folder_.Write("tls.key", ca_.Issue("DNS:other").key);
  const Outcome other_key = Check("");
  EXPECT_EQ(other_key.exit_code, kExitLocalError);
  EXPECT_THAT(other_key.err, HasSubstr("it does not belong to the certificate"));
}

TEST_F(CheckConfigTls, NoFilesReadsNone) {
  const Outcome missing = Check(", client_ca_file: nowhere.pem");
  EXPECT_EQ(missing.exit_code, kExitLocalError);
  EXPECT_THAT(missing.err, HasSubstr("server.tls.client_ca_file: cannot read"));
  EXPECT_EQ(Check(", client_ca_file: nowhere.pem", {"--no-files"}).exit_code, kExitOk);
}

}  // namespace
}  // namespace credential_broker::cli
