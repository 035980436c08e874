#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/run_binary.h"

namespace credential_broker::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kBrokerWithoutSandbox[] = BROKER_WITHOUT_SANDBOX;

// A sandbox or a broker that starts after all is ended after a while.
Outcome RunWithoutSandbox(const std::vector<std::string>& arguments) {
  std::vector<std::string> words = {"20", kBrokerWithoutSandbox};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return RunProgram("timeout", words);
}

// How many lines of `command`, which reads the program at `binary`, contain `text`.
std::string CountLines(const std::string& command, const std::string& text,
                       const std::string& binary) {
  return RunProgram("sh", {"-c", command + " \"$0\" | grep -cF '" + text + "'", binary}).out;
}

TEST(WithoutSandbox, NoCodeOrTextOfTheSandboxIsInTheProgram) {
  for (const auto& [command, text] :
       {std::pair{"nm -C", "credential_broker::sandbox::"}, {"strings", "lose_refresh"}}) {
    EXPECT_EQ(CountLines(command, text, kBrokerWithoutSandbox), "0\n");
    EXPECT_NE(CountLines(command, text, Binary()), "0\n");
  }
}

TEST(WithoutSandbox, TheCommandIsAnErrorWhateverItsFlags) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"sandbox"},
                                                    {"sandbox", "--listen", "127.0.0.1:0"},
                                                    {"sandbox", "--help"}}) {
    const Outcome outcome = RunWithoutSandbox(arguments);
    EXPECT_EQ(outcome.exit_code, kExitLocalError);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("this build of credential-broker has no sandbox"),
                                   HasSubstr("CREDENTIAL_BROKER_SANDBOX=ON")));
  }
}

TEST(WithoutSandbox, ServeDevIsTheSameError) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"serve", "--dev"},
        {"serve", "--dev", "--listen", "127.0.0.1:0", "--sandbox-ca-out", "/nowhere/ca.pem"}}) {
    const Outcome outcome = RunWithoutSandbox(arguments);
    EXPECT_EQ(outcome.exit_code, kExitLocalError);
    EXPECT_THAT(outcome.err, HasSubstr("--dev: this build of credential-broker has no sandbox"));
  }
}

TEST(WithoutSandbox, HelpAndCompletionShowThatItIsNotInThisBuild) {
  const std::string help = RunWithoutSandbox({"--help"}).out;
  EXPECT_THAT(help, HasSubstr("InvestSuite's API; not in this build"));
  const std::string serve = RunWithoutSandbox({"serve", "--help"}).out;
  EXPECT_THAT(serve, AllOf(HasSubstr("--dev"), HasSubstr("not in this build")));
  // No example of a command that fails.
  EXPECT_THAT(help + serve, Not(HasSubstr("credential-broker serve --dev")));
  EXPECT_THAT(RunWithoutSandbox({"completion", "zsh"}).out, HasSubstr("API; not in this build"));
}

TEST(WithoutSandbox, TheRestIsTheSameProgram) {
  EXPECT_EQ(RunWithoutSandbox({"version"}).out, RunBinary({"version"}).out);
  EXPECT_THAT(RunBinary({"version"}).out, StartsWith("credential-broker "));
}

}  // namespace
}  // namespace credential_broker::cli
