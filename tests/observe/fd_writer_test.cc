#include "observe/fd_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <csignal>
#include <string>

#include "core/strings.h"
#include "gtest/gtest.h"

namespace credential_broker::observe {
namespace {

std::string Dropped(std::uint64_t lines) { return StrCat("dropped ", lines, "\n"); }

class FdWriterTest : public testing::Test {
 protected:
  static constexpr int kPipeSize = 2 * PIPE_BUF;

  FdWriterTest() {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
    // Small, but not the smallest: a pipe of one page polls as full as soon as it holds a byte.
    EXPECT_EQ(fcntl(ends_[1], F_SETPIPE_SZ, kPipeSize), kPipeSize);
    EXPECT_EQ(fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
  }
  ~FdWriterTest() override {
    CloseReader();
    close(ends_[1]);
  }

  void CloseReader() {
    if (ends_[0] >= 0) {
      close(ends_[0]);
      ends_[0] = -1;
    }
  }

  // All that waits in the pipe.
  std::string Read() const {
    std::string all;
    std::array<char, PIPE_BUF> buffer;
    for (;;) {
      const ssize_t got = read(ends_[0], buffer.data(), buffer.size());
      if (got <= 0) {
        return all;
      }
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }

  std::array<int, 2> ends_{};
};

TEST_F(FdWriterTest, PassesLinesOn) {
  FdWriter writer(ends_[1], absl::Hours(1), Dropped);
  writer.Write("a\n");
  writer.Write("b\n");
  EXPECT_EQ(Read(), "a\nb\n");
}

TEST_F(FdWriterTest, DropsWhatAHangingReaderDoesNotTakeAndTellsHowMuch) {
  FdWriter writer(ends_[1], absl::Milliseconds(1), Dropped);
  const std::string line(100, 'x');
  for (int i = 0; i < 1000; ++i) {  // far more than the pipe holds: blocks for ever without a bound
    writer.Write(line + "\n");
  }
  const std::string before = Read();
  EXPECT_EQ(before.size() % 101, 0U);
  const std::size_t taken = before.size() / 101;
  EXPECT_GT(taken, 0U);
  writer.Write("again\n");
  writer.Write("and again\n");
  EXPECT_EQ(Read(), StrCat("again\ndropped ", 1000 - taken, "\nand again\n"));
}

TEST_F(FdWriterTest, EndsALineWhoseRestWasDropped) {
  FdWriter writer(ends_[1], absl::Milliseconds(1), Dropped);
  const std::string line(kPipeSize + 100, 'x');  // its first part fills the pipe
  writer.Write(line + "\n");
  EXPECT_EQ(Read(), std::string(kPipeSize, 'x'));
  writer.Write("next\n");
  EXPECT_EQ(Read(), "\nnext\ndropped 1\n");
}

TEST_F(FdWriterTest, SurvivesAReaderThatIsGone) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  FdWriter writer(ends_[1], absl::Hours(1), Dropped);
  CloseReader();
  writer.Write("a\n");
  writer.Write("b\n");
  std::signal(SIGPIPE, before);
}

TEST(FdWriter, SurvivesADescriptorThatIsNone) {
  FdWriter writer(-1, absl::Milliseconds(1), Dropped);
  writer.Write("a\n");
  writer.Write("b\n");
}

}  // namespace
}  // namespace credential_broker::observe
