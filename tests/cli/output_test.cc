#include "cli/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <thread>

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

// Another process may have made the descriptor that it shares with us non-blocking.
[[noreturn]] void ExitAsPrintToANonBlockingPipe() {
  const std::string text(1 << 20, 'x');
  std::array<int, 2> ends{};
  const bool ready =
      pipe2(ends.data(), O_NONBLOCK) == 0 && dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO;
  std::size_t got = 0;
  std::thread reader([&] {
    std::array<char, 4096> buffer;
    pollfd readable = {ends[0], POLLIN, 0};
    while (got < text.size() && poll(&readable, 1, -1) > 0) {
      got += static_cast<std::size_t>(
          std::max<ssize_t>(0, read(ends[0], buffer.data(), buffer.size())));
    }
  });
  const int result = Print(text);
  if (result == kExitOk) {
    reader.join();
  }
  _exit(ready && got == text.size() ? result : kExitLocalError);
}

TEST(Print, WritesAllToANonBlockingPipe) {
  EXPECT_EXIT(ExitAsPrintToANonBlockingPipe(), ::testing::ExitedWithCode(kExitOk), "");
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
