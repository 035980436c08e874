#include "cli/output.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "cli/exit_code.h"
#include "cli/run_binary.h"

namespace credential_broker::cli {
namespace {

TEST(Print, WritesTheTextAlone) {
  const Outcome outcome = RunBinary({"version"});
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.out.rfind("credential-broker ", 0), 0U);
  EXPECT_EQ(outcome.err, "");
}

TEST(Print, AFullDiskIsALocalError) {
  const Outcome outcome = RunRedirected({"version"}, "> /dev/full");
  EXPECT_EQ(outcome.exit_code, kExitLocalError);
  EXPECT_EQ(outcome.err, "error: cannot write to standard output: No space left on device\n");
}

[[noreturn]] void ExitAsPrintToBrokenPipe() {
  std::array<int, 2> ends{};
  const bool ready = pipe(ends.data()) == 0 && dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO;
  close(ends[0]);
  _exit(ready ? Print("text") : kExitOk);
}

TEST(Print, APipeThatNobodyReadsIsALocalErrorNotASignal) {
  EXPECT_EXIT(ExitAsPrintToBrokenPipe(), ::testing::ExitedWithCode(kExitLocalError),
              "cannot write to standard output: Broken pipe");
}

TEST(Print, AClosedOutputIsALocalError) {
  const Outcome outcome = RunRedirected({"version"}, ">&-");
  EXPECT_EQ(outcome.exit_code, kExitLocalError);
  EXPECT_EQ(outcome.err, "error: cannot write to standard output: Bad file descriptor\n");
}

TEST(PrintError, KeepsLineFeedsAndNoOtherControlCharacter) {
  ::testing::internal::CaptureStderr();
  PrintError("one\ntwo\x1b[2J\t\x7f");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "error: one\ntwo?[2J??\n");
}

}  // namespace
}  // namespace credential_broker::cli
