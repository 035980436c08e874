#include "cli/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "cli/exit_code.h"

namespace credential_broker::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kVariable[] = "CREDENTIAL_BROKER_PARSE_TEST";

// A tree with one of everything, and what a run of it printed.
class ParseTest : public ::testing::Test {
 protected:
  ParseTest() {
    unsetenv(kVariable);  // NOLINT(concurrency-mt-unsafe): there is one thread
    Command& print = root_.Add("token", "Tokens").Add("print", "Prints");
    print.examples = {"program token print -o json"};
    print.options = {{.names = "-o,--output",
                      .value_name = "FORMAT",
                      .choices = {"value", "json"},
                      .assign = Into(output_)},
                     {.names = "--address",
                      .value_name = "ADDRESS",
                      .environment = kVariable,
                      .assign = Into(address_)},
                     {.names = "--plaintext", .assign = Into(plaintext_)},
                     {.names = "--wait", .value_name = "DURATION", .assign = Into(wait_)}};
    print.run = [this] { return Ran(); };
    Command& check = root_.Add("check", "Checks");
    check.positionals = {{.name = "FILE", .assign = Into(file_)}};
    check.run = [this] { return Ran(); };
    Command& exec = root_.Add("exec", "Runs");
    exec.options = {{.names = "--env", .value_name = "VAR", .assign = Into(output_)}};
    exec.rest = Rest{.name = "CMD...", .assign = [this](std::vector<std::string> words) {
                       words_ = std::move(words);
                     }};
    exec.run = [this] { return Ran(); };
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): likewise
  ~ParseTest() override { unsetenv(kVariable); }

  int Parse(const std::vector<std::string>& words) {
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int exit_code = ParseAndRun(root_, words);
    out_ = ::testing::internal::GetCapturedStdout();
    err_ = ::testing::internal::GetCapturedStderr();
    return exit_code;
  }

  int Ran() {
    ++runs_;
    return 42;
  }

  Command root_ = {.name = "program", .summary = "A program"};
  std::string output_ = "value";
  Setting<std::string> address_ = {"default"};
  bool plaintext_ = false;
  absl::Duration wait_;
  std::string file_;
  std::vector<std::string> words_;
  int runs_ = 0;
  std::string out_;
  std::string err_;
};

TEST_F(ParseTest, RunsTheSubcommandAndEndsWithItsCode) {
  EXPECT_EQ(Parse({"token", "print", "-o", "json", "--plaintext", "--wait=3s"}), 42);
  EXPECT_EQ(runs_, 1);
  EXPECT_EQ(output_, "json");
  EXPECT_TRUE(plaintext_);
  EXPECT_EQ(wait_, absl::Seconds(3));
  EXPECT_EQ(err_, "");
}

TEST_F(ParseTest, ASwitchCanBeTurnedOff) {
  EXPECT_EQ(Parse({"token", "print", "--plaintext=false"}), 42);
  EXPECT_FALSE(plaintext_);
  EXPECT_EQ(Parse({"token", "print", "--plaintext=maybe"}), kExitLocalError);
}

TEST_F(ParseTest, AFlagWinsOverTheEnvironmentAndThatOverTheDefault) {
  EXPECT_EQ(Parse({"token", "print"}), 42);
  EXPECT_EQ(address_.value, "default");
  EXPECT_EQ(address_.origin, Origin::kDefault);
  setenv(kVariable, "from-environment", 1);  // NOLINT(concurrency-mt-unsafe): likewise
  EXPECT_EQ(Parse({"token", "print"}), 42);
  EXPECT_EQ(address_.value, "from-environment");
  EXPECT_EQ(address_.origin, Origin::kEnvironment);
  EXPECT_EQ(Parse({"token", "print", "--address", "from-flag"}), 42);
  EXPECT_EQ(address_.value, "from-flag");
  EXPECT_EQ(address_.origin, Origin::kFlag);
}

TEST_F(ParseTest, AnEmptyVariableCountsAsNone) {
  setenv(kVariable, "", 1);  // NOLINT(concurrency-mt-unsafe): likewise
  EXPECT_EQ(Parse({"token", "print"}), 42);
  EXPECT_EQ(address_.origin, Origin::kDefault);
}

TEST_F(ParseTest, AnUnknownCommandNamesTheNearest) {
  EXPECT_EQ(Parse({"tokens", "print"}), kExitLocalError);
  EXPECT_THAT(err_, StartsWith("error: unknown command \"tokens\"; did you mean token?\n"));
  EXPECT_EQ(Parse({"zzz"}), kExitLocalError);
  EXPECT_THAT(err_, HasSubstr("there is: token, check, exec"));
  EXPECT_EQ(runs_, 0);
  EXPECT_EQ(out_, "");
}

TEST_F(ParseTest, AMissingCommandNamesThoseThereAre) {
  EXPECT_EQ(Parse({}), kExitLocalError);
  EXPECT_THAT(err_, HasSubstr("a command is missing: token, check, exec"));
  EXPECT_EQ(Parse({"token"}), kExitLocalError);
  EXPECT_THAT(err_, HasSubstr("a command is missing: print"));
}

TEST_F(ParseTest, AnUnknownFlagNamesTheNearest) {
  EXPECT_EQ(Parse({"token", "print", "--adress=x"}), kExitLocalError);
  EXPECT_THAT(err_, StartsWith("error: unknown flag --adress; did you mean --address?\n"));
  EXPECT_EQ(Parse({"token", "print", "--adress", "x"}), kExitLocalError);
  EXPECT_THAT(err_, StartsWith("error: unknown flag --adress; did you mean --address?\n"));
  EXPECT_EQ(Parse({"check", "file", "--hlep"}), kExitLocalError);
  EXPECT_THAT(err_, StartsWith("error: unknown flag --hlep; did you mean --help?\n"));
  EXPECT_EQ(runs_, 0);
}

TEST_F(ParseTest, ABadValueIsToldWithItsFlagOrVariable) {
  EXPECT_EQ(Parse({"token", "print", "--wait", "soon"}), kExitLocalError);
  EXPECT_THAT(err_, StartsWith("error: --wait: \"soon\" is no duration"));
  EXPECT_EQ(Parse({"token", "print", "-o", "xml"}), kExitLocalError);
  EXPECT_THAT(err_, StartsWith("error: --output: \"xml\" is none of value, json"));
  EXPECT_EQ(runs_, 0);
}

TEST_F(ParseTest, AMissingOrRepeatedValueIsAnError) {
  EXPECT_EQ(Parse({"token", "print", "--wait"}), kExitLocalError);
  EXPECT_THAT(err_, HasSubstr("--wait"));
  EXPECT_EQ(Parse({"token", "print", "--wait", "1s", "--wait", "2s"}), kExitLocalError);
  EXPECT_THAT(err_, HasSubstr("--wait"));
  EXPECT_EQ(runs_, 0);
}

TEST_F(ParseTest, AnArgumentMustBeGivenOnce) {
  EXPECT_EQ(Parse({"check", "a.yaml"}), 42);
  EXPECT_EQ(file_, "a.yaml");
  EXPECT_EQ(Parse({"check"}), kExitLocalError);
  EXPECT_THAT(err_, StartsWith("error: FILE is missing"));
  EXPECT_EQ(Parse({"check", "a.yaml", "b.yaml"}), kExitLocalError);
  EXPECT_THAT(err_, StartsWith("error: unexpected argument \"b.yaml\""));
}

TEST_F(ParseTest, AnArgumentMayHaveTheNameOfACommandOrBeginWithADash) {
  EXPECT_EQ(Parse({"check", "token"}), 42);
  EXPECT_EQ(file_, "token");
  EXPECT_EQ(Parse({"check", "--", "-x"}), 42);
  EXPECT_EQ(file_, "-x");
}

TEST_F(ParseTest, WhatFollowsTheDashesIsTakenAsItIs) {
  const std::vector<std::string> words = {"[", "-f", "[a,b]", "--", "", "--env=x", "]"};
  std::vector<std::string> all = {"exec", "--env", "VAR", "--"};
  all.insert(all.end(), words.begin(), words.end());
  EXPECT_EQ(Parse(all), 42);
  EXPECT_EQ(words_, words);
  EXPECT_EQ(output_, "VAR");
}

TEST_F(ParseTest, ACommandWithoutTheDashesIsToldOfThem) {
  EXPECT_EQ(Parse({"exec", "ls", "-l"}), kExitLocalError);
  EXPECT_THAT(err_, HasSubstr("--"));
  EXPECT_EQ(Parse({"exec", "ls"}), kExitLocalError);
  EXPECT_THAT(err_, StartsWith("error: unexpected argument \"ls\"; CMD... stands after --"));
  EXPECT_EQ(Parse({"exec", "--"}), kExitLocalError);
  EXPECT_THAT(err_, StartsWith("error: CMD... is missing after --"));
  EXPECT_EQ(Parse({"exec"}), kExitLocalError);
  EXPECT_EQ(runs_, 0);
}

TEST_F(ParseTest, HelpGoesToStandardOutputAndWinsOverMistakes) {
  EXPECT_EQ(Parse({"token", "print", "--wait", "soon", "--nonsense", "--help"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("Usage: program token print [flags]"));
  EXPECT_THAT(out_, HasSubstr("-o, --output FORMAT"));
  EXPECT_THAT(out_, HasSubstr(std::string("[") + kVariable + "]"));
  EXPECT_THAT(out_, HasSubstr("Examples:\n  program token print -o json"));
  EXPECT_EQ(err_, "");
  EXPECT_EQ(Parse({"token", "-h"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("Usage: program token COMMAND"));
  EXPECT_EQ(Parse({"exec", "-h"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("Usage: program exec [flags] -- CMD..."));
  EXPECT_EQ(runs_, 0);
}

TEST_F(ParseTest, HelpBehindTheDashesIsTheOtherCommands) {
  EXPECT_EQ(Parse({"exec", "--", "ls", "--help"}), 42);
  EXPECT_THAT(words_, ElementsAre("ls", "--help"));
}

}  // namespace
}  // namespace credential_broker::cli
