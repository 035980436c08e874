#include "observe/log_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "gtest/gtest.h"
#include "observe/audit.h"
#include "support/fake_clock.h"

namespace credential_broker::observe {
namespace {

constexpr int kPatienceMilliseconds = 30'000;

std::string Dropped(std::uint64_t lines) { return StrCat("dropped ", lines, "\n"); }

class LogWriterTest : public testing::Test {
 protected:
  static constexpr int kPipeSize = 2 * PIPE_BUF;

  LogWriterTest() {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
    // Small, but not the smallest: a pipe of one page polls as full as soon as it holds a byte.
    EXPECT_EQ(fcntl(ends_[1], F_SETPIPE_SZ, kPipeSize), kPipeSize);
    EXPECT_EQ(fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
  }
  ~LogWriterTest() override {
    CloseReader();
    writer_.reset();
    close(ends_[1]);
  }

  LogWriter& Start(std::size_t capacity = LogWriter::kCapacity) {
    absl::StatusOr<std::unique_ptr<LogWriter>> writer =
        LogWriter::Start(ends_[1], Dropped, clock_, capacity);
    EXPECT_TRUE(writer.ok()) << writer.status();
    writer_ = *std::move(writer);
    return *writer_;
  }

  void CloseReader() {
    if (ends_[0] >= 0) {
      close(ends_[0]);
      ends_[0] = -1;
    }
  }

  // What comes until it ends with `end`.
  std::string ReadUntil(std::string_view end) const {
    std::string all;
    std::array<char, PIPE_BUF> buffer;
    pollfd readable = {ends_[0], POLLIN, 0};
    while (!all.ends_with(end)) {
      if (poll(&readable, 1, kPatienceMilliseconds) <= 0) {
        ADD_FAILURE() << "nothing more comes after: "
                      << all.substr(all.size() > 200 ? all.size() - 200 : 0);
        return all;
      }
      const ssize_t got = read(ends_[0], buffer.data(), buffer.size());
      if (got <= 0) {
        return all;
      }
      all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  // Blocks until the pipe is full: the thread waits for the reader then.
  void AwaitFullPipe() const {
    pollfd writable = {ends_[1], POLLOUT, 0};
    while (poll(&writable, 1, 0) > 0) {
      std::this_thread::yield();
    }
  }

  FakeClock clock_;
  std::array<int, 2> ends_{};
  std::unique_ptr<LogWriter> writer_;
};

std::string Numbered(int number) {
  return StrCat("line ", number, " ", std::string(90, 'x'), "\n");
}

TEST_F(LogWriterTest, WritesLinesAtOnceAndInOrder) {
  LogWriter& writer = Start();
  writer.Write("a\n");
  EXPECT_EQ(ReadUntil("a\n"), "a\n");
  writer.Write("b\n");
  writer.Write("c\n");
  EXPECT_EQ(ReadUntil("c\n"), "b\nc\n");
  EXPECT_EQ(writer.dropped(), 0U);
}

// Would never return if a call waited for the reader.
TEST_F(LogWriterTest, CallsReturnWhileNobodyReads) {
  LogWriter& writer = Start();
  constexpr int kLines = 20'000;
  for (int i = 0; i < kLines; ++i) {
    writer.Write(Numbered(i));
  }
  AwaitFullPipe();
  writer.Write("last\n");
  EXPECT_EQ(writer.dropped(), 0U);
  std::string expected;
  for (int i = 0; i < kLines; ++i) {
    expected += Numbered(i);
  }
  EXPECT_EQ(ReadUntil("last\n"), expected + "last\n");
}

TEST_F(LogWriterTest, DropsWholeLinesBeyondItsCapacityAndReportsHowMany) {
  LogWriter& writer = Start(std::size_t{16} * 1024);
  constexpr int kLines = 1'000;
  constexpr int kFillThePipe = 150;
  for (int i = 0; i < kFillThePipe; ++i) {
    writer.Write(Numbered(i));
  }
  AwaitFullPipe();
  EXPECT_EQ(writer.dropped(), 0U);
  for (int i = kFillThePipe; i < kLines; ++i) {
    writer.Write(Numbered(i));
  }
  const std::uint64_t dropped = writer.dropped();
  EXPECT_GT(dropped, 0U);
  const int taken = kLines - static_cast<int>(dropped);
  std::string expected;
  for (int i = 0; i < taken; ++i) {
    expected += Numbered(i);
  }
  const std::string report = Dropped(dropped);
  EXPECT_EQ(ReadUntil(report), expected + report);
  writer.Write("next\n");
  EXPECT_EQ(ReadUntil("next\n"), "next\n");
  EXPECT_EQ(writer.dropped(), dropped);
}

// The first write frees two bytes only, since the next line does not fit into the same write.
TEST_F(LogWriterTest, ReportsDroppedLinesOnceThereIsRoomForTheReport) {
  const std::string full_pipe = std::string(kPipeSize - 1, 'x') + "\n";
  ASSERT_EQ(write(ends_[1], full_pipe.data(), full_pipe.size()), kPipeSize);
  const std::string small = "a\n";
  const std::string large = std::string(PIPE_BUF, 'b') + "\n";
  LogWriter& writer = Start(small.size() + large.size());
  writer.Write(small);
  writer.Write(large);
  writer.Write("dropped\n");
  EXPECT_EQ(writer.dropped(), 1U);
  EXPECT_EQ(ReadUntil(Dropped(1)), full_pipe + small + large + Dropped(1));
}

TEST_F(LogWriterTest, HoldsTheAuditLinesOf10000CallersThatNobodyReads) {
  LogWriter& writer = Start();
  Logger log({}, SystemClock(), [&writer](std::string_view line) { writer.Write(line); });
  AuditLog audit(log);
  for (int i = 0; i < 10'000; ++i) {
    audit.TokenIssued(StrCat("spiffe://prod.example.com/ns/orders/sa/service-", i),
                      "192.0.2.101:50123", "default", "01HV0000000000000000000000");
  }
  EXPECT_EQ(writer.dropped(), 0U);
}

TEST_F(LogWriterTest, KeepsTheLinesOfManyThreadsWhole) {
  LogWriter& writer = Start();
  constexpr int kThreads = 4;
  constexpr int kLines = 1'000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&writer, t] {
      for (int i = 0; i < kLines; ++i) {
        writer.Write(StrCat(t, " ", Numbered(i)));
      }
    });
  }
  std::thread end([&] {
    for (std::thread& thread : threads) {
      thread.join();
    }
    writer.Write("end\n");
  });
  std::array<int, kThreads> next{};
  const std::string all = ReadUntil("end\n");
  end.join();
  for (const absl::string_view line : absl::StrSplit(all, '\n')) {
    const std::size_t thread = line.empty() ? kThreads : static_cast<std::size_t>(line[0] - '0');
    if (thread < kThreads) {
      ASSERT_EQ(StrCat(line, "\n"), StrCat(thread, " ", Numbered(next.at(thread)++)));
    }
  }
  EXPECT_EQ(next, (std::array<int, kThreads>{kLines, kLines, kLines, kLines}));
}

TEST_F(LogWriterTest, WritesWholeLinesToANonBlockingDescriptor) {
  EXPECT_EQ(fcntl(ends_[1], F_SETFL, O_NONBLOCK), 0);
  LogWriter& writer = Start();
  std::string expected;
  for (int i = 0; i < 5'000; ++i) {
    writer.Write(Numbered(i));
    expected += Numbered(i);
  }
  writer.Write("end\n");
  EXPECT_EQ(ReadUntil("end\n"), expected + "end\n");
}

// At its size limit a file takes a part of a line and refuses the rest.
TEST_F(LogWriterTest, EndsALineWhoseRestWasRefused) {
  const int file = memfd_create("log", MFD_CLOEXEC);
  ASSERT_GE(file, 0);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const std::string line = Numbered(1);
  const rlimit limited = {line.size() * 3 / 2, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limited), 0);
  absl::StatusOr<std::unique_ptr<LogWriter>> writer =
      LogWriter::Start(file, Dropped, SystemClock());
  ASSERT_TRUE(writer.ok());
  (*writer)->Write(line);
  (*writer)->Write(line);
  while ((*writer)->dropped() < 1) {
    std::this_thread::yield();
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  (*writer)->Write("next\n");
  (*writer)->Close();
  std::string content(1000, '?');
  content.resize(static_cast<std::size_t>(pread(file, content.data(), content.size(), 0)));
  EXPECT_EQ(content, StrCat(line, line.substr(0, line.size() / 2), "\nnext\ndropped 1\n"));
  close(file);
}

TEST_F(LogWriterTest, WritesALineThatIsLargerThanThePipe) {
  LogWriter& writer = Start();
  const std::string large = std::string(5 * kPipeSize, 'x') + "\n";
  writer.Write(large);
  writer.Write("next\n");
  EXPECT_EQ(ReadUntil("next\n"), large + "next\n");
}

TEST_F(LogWriterTest, DropsALineThatIsLargerThanItsCapacityAndNoOther) {
  LogWriter& writer = Start(1024);
  writer.Write(std::string(2000, 'x') + "\n");
  writer.Write("next\n");
  EXPECT_EQ(ReadUntil("dropped 1\n"), "next\ndropped 1\n");
}

TEST_F(LogWriterTest, SurvivesAReaderThatIsGone) {
  LogWriter& writer = Start();
  CloseReader();
  // SIGPIPE is not ignored in this process, and would end it.
  for (std::uint64_t lines = 1; lines <= 3; ++lines) {
    writer.Write("a\n");
    while (writer.dropped() < lines) {
      std::this_thread::yield();
    }
  }
  writer.Close();
  EXPECT_EQ(writer.dropped(), 3U);
}

TEST_F(LogWriterTest, SurvivesADescriptorThatIsNone) {
  absl::StatusOr<std::unique_ptr<LogWriter>> writer = LogWriter::Start(-1, Dropped, clock_);
  ASSERT_TRUE(writer.ok());
  (*writer)->Write("a\n");
  (*writer)->Close();
  EXPECT_EQ((*writer)->dropped(), 1U);
}

TEST_F(LogWriterTest, CloseWritesWhatIsQueued) {
  LogWriter& writer = Start();
  for (int i = 0; i < 1'000; ++i) {
    writer.Write(Numbered(i));
  }
  writer.Write("stopped\n");
  std::string read;
  std::thread reader([&] { read = ReadUntil("stopped\n"); });
  writer.Close();
  reader.join();
  EXPECT_TRUE(read.ends_with("stopped\n"));
  EXPECT_EQ(writer.dropped(), 0U);
  writer.Write("late\n");
  EXPECT_EQ(writer.dropped(), 1U);
  writer.Close();
}

TEST_F(LogWriterTest, CloseGivesUpOnAReaderThatHangs) {
  LogWriter& writer = Start();
  for (int i = 0; i < 1'000; ++i) {
    writer.Write(Numbered(i));
  }
  const BootTime deadline = clock_.Now() + LogWriter::kMaxFlush;
  std::thread closing([&] { writer.Close(); });
  EXPECT_TRUE(clock_.AwaitParked(deadline));
  clock_.Advance(LogWriter::kMaxFlush);
  closing.join();
}

}  // namespace
}  // namespace credential_broker::observe
