#include <gmock/gmock.h>
#include <grpcpp/support/status_code_enum.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/exit_code.h"
#include "cli/run_binary.h"
#include "cli_client/fake_broker.h"

namespace credential_broker::cli {
namespace {

using investsuite::credentialbroker::v1::Credential;
using investsuite::credentialbroker::v1::ListCredentialsResponse;
using ::testing::HasSubstr;
using ::testing::StartsWith;

ListCredentialsResponse Page(
    const std::vector<std::pair<std::string, Credential::State>>& entries) {
  ListCredentialsResponse page;
  for (const auto& [name, state] : entries) {
    Credential& credential = *page.add_credentials();
    credential.set_name(name);
    credential.set_state(state);
  }
  return page;
}

Outcome List(const FakeBroker& broker, const std::vector<std::string>& more = {}) {
  std::vector<std::string> words = {"credentials", "list", "--plaintext", "--address",
                                    broker.address()};
  words.insert(words.end(), more.begin(), more.end());
  return RunBinary(words);
}

TEST(CredentialsList, IsATableOfAllPages) {
  FakeBroker broker;
  broker.SetPages({Page({{"a", Credential::STATE_READY}, {"b", Credential::STATE_PENDING}}),
                   Page({{"c", Credential::STATE_DEGRADED}})});
  const Outcome outcome = List(broker);
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out,
            "NAME  STATE     EXPIRES  LAST REFRESH  NEXT REFRESH  LAST ERROR  VERSION\n"
            "a     ready     -        -             -             -           -\n"
            "b     pending   -        -             -             -           -\n"
            "c     degraded  -        -             -             -           -\n");
}

TEST(CredentialsList, IsJsonForPrograms) {
  FakeBroker broker;
  broker.SetPages(
      {Page({{"a", Credential::STATE_READY}}), Page({{"z", static_cast<Credential::State>(77)}})});
  const auto json = nlohmann::json::parse(List(broker, {"-o", "json"}).out);
  EXPECT_EQ(json["credentials"].size(), 2U);
  EXPECT_EQ(json["credentials"][0]["state"], "STATE_READY");
  EXPECT_EQ(json["credentials"][1]["name"], "z");
}

TEST(CredentialsList, NothingToListIsNoError) {
  const FakeBroker broker;
  const Outcome outcome = List(broker);
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_THAT(outcome.out, StartsWith("NAME"));
  EXPECT_THAT(outcome.err, HasSubstr("no credential that you may use"));
}

TEST(CredentialsList, AnErrorIsTold) {
  FakeBroker broker;
  broker.SetError(grpc::UNAUTHENTICATED, "who are you", "CALLER_UNAUTHENTICATED");
  const Outcome outcome = List(broker);
  EXPECT_EQ(outcome.exit_code, kExitNotAllowed);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err,
              StartsWith("error: UNAUTHENTICATED CALLER_UNAUTHENTICATED: who are you"));
}

}  // namespace
}  // namespace credential_broker::cli
