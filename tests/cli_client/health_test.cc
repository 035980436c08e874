#include <gmock/gmock.h>
#include <grpcpp/support/status_code_enum.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/run_binary.h"
#include "cli_client/fake_broker.h"

namespace credential_broker::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kService[] = "investsuite.credentialbroker.v1.CredentialBrokerService";

Outcome RunHealth(const FakeBroker& broker, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {"health", "--plaintext", "--timeout",
                                    "10s",    "--address",   broker.address()};
  words.insert(words.end(), more.begin(), more.end());
  return RunBinary(words);
}

TEST(Health, ServingIsZero) {
  FakeBroker broker;
  broker.SetHealth(kService, true);
  const Outcome outcome = RunHealth(broker);
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.out, "SERVING\n");
  EXPECT_EQ(outcome.err, "");
}

TEST(Health, NotServingIsTwo) {
  FakeBroker broker;
  broker.SetHealth(kService, false);
  const Outcome outcome = RunHealth(broker);
  EXPECT_EQ(outcome.exit_code, kExitBrokerError);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, StartsWith("error: NOT_SERVING"));
}

TEST(Health, AsksForTheServiceThatIsNamed) {
  FakeBroker broker;
  broker.SetHealth(kService, false);
  broker.SetHealth("", true);
  EXPECT_EQ(RunHealth(broker, {"--service", ""}).exit_code, kExitOk);
  const Outcome outcome = RunHealth(broker, {"--service", "another"});
  EXPECT_EQ(outcome.exit_code, kExitBrokerError);
  EXPECT_THAT(outcome.err, StartsWith("error: NOT_FOUND: "));
}

TEST(Health, GivesUpAfterTheTimeout) {
  FakeBroker broker;
  broker.SetSilent();
  const Outcome outcome =
      RunBinary({"health", "--plaintext", "--timeout", "20ms", "--address", broker.address()});
  EXPECT_EQ(outcome.exit_code, kExitBrokerError);
  EXPECT_THAT(outcome.err, HasSubstr("DEADLINE_EXCEEDED"));
}

TEST(Health, NotAllowedIsFour) {
  FakeBroker broker;
  broker.SetError(grpc::UNAUTHENTICATED, "who are you");
  EXPECT_EQ(RunHealth(broker).exit_code, kExitNotAllowed);
}

}  // namespace
}  // namespace credential_broker::cli
