#include <gmock/gmock.h>
#include <grpcpp/support/status_code_enum.h>
#include <gtest/gtest.h>

#include <csignal>

#include "cli/exit_code.h"
#include "cli/run_binary.h"
#include "cli_client/fake_broker.h"

namespace credential_broker::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ExecTest : public ::testing::Test {
 protected:
  // `exec` with `flags`, of `command`.
  Outcome Exec(const std::vector<std::string>& command,
               const std::vector<std::string>& flags = {}) {
    std::vector<std::string> words = {"exec", "--plaintext", "--address", broker_.address()};
    words.insert(words.end(), flags.begin(), flags.end());
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    return RunBinary(words);
  }

  FakeBroker broker_;
};

TEST_F(ExecTest, TheTokenIsInTheEnvironment) {
  const Outcome outcome = Exec({"sh", "-c", "printf %s \"$INVESTSUITE_ACCESS_TOKEN\""});
  EXPECT_EQ(outcome.out, "the-token");
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.exit_code, 0);
}

TEST_F(ExecTest, InAnotherVariableOnRequest) {
  const Outcome outcome =
      Exec({"sh", "-c", "printf '%s %s' \"$MY_TOKEN\" \"${INVESTSUITE_ACCESS_TOKEN-none}\""},
           {"--env", "MY_TOKEN"});
  EXPECT_EQ(outcome.out, "the-token none");
}

TEST_F(ExecTest, TheArgumentsArriveAsTheyAre) {
  EXPECT_EQ(Exec({"printf", "<%s>", "", "[a,b]", "--help", "--", "a b"}).out,
            "<><[a,b]><--help><--><a b>");
}

TEST_F(ExecTest, ItsExitStatusIsOurs) {
  EXPECT_EQ(Exec({"sh", "-c", "exit 37"}).exit_code, 37);
  EXPECT_EQ(Exec({"sh", "-c", "kill -TERM $$"}).exit_code, 128 + SIGTERM);
}

TEST_F(ExecTest, TheCommandHasOurProcessAndSoOurSignals) {
  const Outcome outcome = RunProgram(
      "sh", {"-c", "echo $$; exec \"$0\" exec --plaintext --address \"$1\" -- sh -c 'echo $$'",
             Binary(), broker_.address()});
  const std::size_t end = outcome.out.find('\n');
  EXPECT_EQ(outcome.out.substr(0, end + 1), outcome.out.substr(end + 1));
}

TEST_F(ExecTest, TheCommandInheritsNoConnectionNoSignalMaskAndNoCoreFile) {
  // Of the masks the half with the signals that have names; libc plays with the other.
  const std::vector<std::string> look = {
      "sh", "-c",
      "ls /proc/$$/fd; grep -E '^Sig(Blk|Ign)' /proc/$$/status | sed 's/\t......../ /'"};
  const Outcome here = RunProgram(look[0], {look[1], look[2]});
  EXPECT_EQ(Exec(look).out, here.out);
  EXPECT_EQ(Exec({"sh", "-c", "ulimit -c; ulimit -H -c"}).out, "0\n0\n");
}

TEST_F(ExecTest, ACommandThatCannotBeRunIsALocalError) {
  const Outcome outcome = Exec({"/nowhere/no-such-command"});
  EXPECT_EQ(outcome.exit_code, kExitLocalError);
  EXPECT_EQ(outcome.err, "error: cannot run /nowhere/no-such-command: No such file or directory\n");
}

TEST_F(ExecTest, WithoutATokenTheCommandIsNotRun) {
  broker_.SetError(grpc::PERMISSION_DENIED, "not yours", "CALLER_NOT_ALLOWED");
  const Outcome outcome = Exec({"echo", "ran"});
  EXPECT_EQ(outcome.exit_code, kExitNotAllowed);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, StartsWith("error: PERMISSION_DENIED CALLER_NOT_ALLOWED: not yours\n"));
}

TEST_F(ExecTest, ABadNameOfAVariableIsRefusedBeforeAnyCall) {
  for (const char* name : {"", "1A", "A-B", "A=B", "A B"}) {
    const Outcome outcome = Exec({"true"}, {std::string("--env=") + name});
    EXPECT_EQ(outcome.exit_code, kExitLocalError) << name;
    EXPECT_THAT(outcome.err, HasSubstr("--env")) << name;
  }
  EXPECT_THAT(broker_.calls(), IsEmpty());
}

}  // namespace
}  // namespace credential_broker::cli
