#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"
#include "cli/run_binary.h"
#include "support/test_folder.h"

namespace credential_broker::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Starts the sandbox with `flags`, waits for its first line, runs `then` with $line, and stops it
// by SIGTERM.
Outcome RunSandbox(const std::string& flags, const std::string& then) {
  return RunProgram(
      "bash", {"-c",
               "coproc \"$0\" sandbox " + flags + " 2>&1; read -r -u ${COPROC[0]} line; " + then +
                   "; pid=$COPROC_PID; kill -TERM $pid; wait $pid; echo exit $?",
               Binary()});
}

TEST(Sandbox, SaysWhereItServesAndEndsOnSigterm) {
  const TestFolder folder;
  const Outcome outcome =
      RunSandbox("--ca-out " + folder.Path("ca.pem"),
                 "echo \"$line\"; test -s " + folder.Path("ca.pem") + " && echo there");
  EXPECT_THAT(outcome.out, StartsWith("{\"time\":\""));
  EXPECT_THAT(outcome.out, HasSubstr("\"event\":\"serving\",\"base_url\":\"https://127.0.0.1:"));
  EXPECT_THAT(outcome.out, HasSubstr("\"ca_file\":\"" + folder.Path("ca.pem") + "\"}\nthere\n"));
  EXPECT_THAT(outcome.out, HasSubstr("exit 0\n")) << outcome.err;
}

TEST(Sandbox, AFaultIsAFlag) {
  const Outcome bad = RunBinary({"sandbox", "--login-status", "many"});
  EXPECT_EQ(bad.exit_code, kExitLocalError);
  EXPECT_THAT(bad.err, HasSubstr("--login-status"));
  const Outcome unknown = RunBinary({"sandbox", "--login-statsu", "503"});
  EXPECT_EQ(unknown.exit_code, kExitLocalError);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean --login-status?"));
}

TEST(Sandbox, AnAddressItCannotHaveIsALocalError) {
  const Outcome outcome = RunBinary({"sandbox", "--listen", "nonsense"});
  EXPECT_EQ(outcome.exit_code, kExitLocalError);
  EXPECT_THAT(outcome.err, HasSubstr("nonsense"));
}

TEST(Sandbox, AFileThatCannotBeWrittenIsALocalError) {
  const Outcome outcome = RunBinary({"sandbox", "--ca-out", "/nowhere/ca.pem"});
  EXPECT_EQ(outcome.exit_code, kExitLocalError);
  EXPECT_THAT(outcome.err, HasSubstr("--ca-out: cannot write /nowhere/ca.pem"));
}

}  // namespace
}  // namespace credential_broker::cli
