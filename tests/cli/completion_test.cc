#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_split.h"
#include "cli/commands.h"
#include "cli/run_binary.h"
#include "support/test_folder.h"

namespace credential_broker::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

bool Installed(const std::string& shell) {
  return RunProgram("sh", {"-c", "command -v " + shell}).exit_code == 0;
}

// What bash offers for the last of `words`, which may be empty.
std::vector<std::string> BashOffers(const std::vector<std::string>& words) {
  std::vector<std::string> arguments = {
      "--norc", "-c",
      "source <(\"$0\" completion bash) && COMP_WORDS=(credential-broker \"$@\") COMP_CWORD=$# && "
      "_credential_broker && printf '%s\\n' \"${COMPREPLY[@]}\"",
      Binary()};
  arguments.insert(arguments.end(), words.begin(), words.end());
  const Outcome outcome = RunProgram("bash", arguments);
  EXPECT_EQ(outcome.err, "");
  return Lines(outcome.out);
}

TEST(BashCompletion, OffersSubcommands) {
  EXPECT_THAT(BashOffers({""}), IsSupersetOf({"serve", "check-config", "health", "token", "exec",
                                              "credentials", "sandbox", "version", "completion"}));
  EXPECT_THAT(BashOffers({"tok"}), ElementsAre("token"));
  EXPECT_THAT(BashOffers({"token", ""}), UnorderedElementsAre("print", "watch", "--help"));
}

TEST(BashCompletion, OffersTheFlagsOfTheSubcommand) {
  EXPECT_THAT(BashOffers({"token", "print", "--ca"}), ElementsAre("--ca-file"));
  EXPECT_THAT(BashOffers({"token", "print", "--"}),
              IsSupersetOf({"--output", "--min-validity", "--address", "--help"}));
  EXPECT_THAT(BashOffers({"health", "--address", "x:1", "--min"}), ElementsAre());
  EXPECT_THAT(BashOffers({"health", "--se"}), UnorderedElementsAre("--service", "--server-name"));
}

TEST(BashCompletion, OffersTheValuesOfAChoice) {
  EXPECT_THAT(BashOffers({"token", "print", "-o", ""}),
              UnorderedElementsAre("value", "header", "json", "env"));
  EXPECT_THAT(BashOffers({"token", "print", "--output", "=", "h"}), ElementsAre("header"));
  EXPECT_THAT(BashOffers({"completion", "z"}), ElementsAre("zsh"));
}

TEST(BashCompletion, OffersFilesWhereAFileIsWanted) {
  const TestFolder folder;
  const std::string path = folder.Write("a file.yaml", "");
  EXPECT_THAT(BashOffers({"check-config", folder.Path("a")}), ElementsAre(path));
  EXPECT_THAT(BashOffers({"token", "print", "--ca-file", folder.Path("a")}), ElementsAre(path));
}

TEST(BashCompletion, OffersCommandsAfterTheDashes) {
  EXPECT_THAT(BashOffers({"exec", "--plaintext", "--", "ech"}), Contains("echo"));
}

TEST(ZshCompletion, IsAScriptThatZshReads) {
  if (!Installed("zsh")) {
    GTEST_SKIP() << "no zsh here";
  }
  const TestFolder folder;
  const std::string path = folder.Write("completion.zsh", RunBinary({"completion", "zsh"}).out);
  const Outcome outcome = RunProgram("zsh", {"-f", "-n", path});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
}

TEST(FishCompletion, OffersSubcommandsFlagsAndValues) {
  if (!Installed("fish")) {
    GTEST_SKIP() << "no fish here";
  }
  auto offers = [](const std::string& line) {
    return RunProgram("fish", {"--no-config", "-c",
                               Binary() + " completion fish | source; complete -C '" + line + "'"})
        .out;
  };
  EXPECT_THAT(offers("credential-broker tok"), HasSubstr("token\t"));
  EXPECT_THAT(offers("credential-broker token print --min"), HasSubstr("--min-validity\t"));
  EXPECT_THAT(offers("credential-broker token print -o h"), HasSubstr("header\t"));
}

// Adds to its root what main adds.
class AllCommands : public ::testing::Test {
 protected:
  AllCommands() {
    for (auto* add : {AddServe, AddCheckConfig, AddHealth, AddTokenPrint, AddExec,
                      AddCredentialsList, AddSandbox, AddVersion, AddCompletion}) {
      add(root_);
    }
  }

  Command root_ = {.name = "credential-broker"};
};

TEST_F(AllCommands, EachStandsWithItsFlagsInEveryScript) {
  for (const std::string& script :
       {BashCompletion(root_), ZshCompletion(root_), FishCompletion(root_)}) {
    int commands = 0;
    ForEachCommand(root_, [&](const std::vector<std::string>& path, const Command& command) {
      ++commands;
      EXPECT_THAT(script, HasSubstr(path.back()));
      for (const Option& option : command.options) {
        EXPECT_THAT(script, HasSubstr(std::string(option.LongName().substr(2))));
      }
    });
    EXPECT_GE(commands, 11);
  }
}

TEST_F(AllCommands, EachTeachesByExample) {
  ForEachCommand(root_, [](const std::vector<std::string>& path, const Command& command) {
    EXPECT_FALSE(command.summary.empty()) << path.back();
    EXPECT_TRUE(!command.children.empty() || !command.examples.empty()) << path.back();
  });
}

}  // namespace
}  // namespace credential_broker::cli
