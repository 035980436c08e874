#include "observe/log.h"

#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "observe/fake_log.h"

namespace credential_broker::observe {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(Logger, WritesALineOfJson) {
  FakeLog log;
  log.logger().Info("token_obtained", {{"credential", "default"}, {"lifetime_seconds", 300.0}});
  EXPECT_THAT(log.Lines(), ElementsAre(R"({"time":"2026-01-02T03:04:05.678Z","level":"info",)"
                                       R"("event":"token_obtained","credential":"default",)"
                                       R"("lifetime_seconds":300})"
                                       "\n"));
}

TEST(Logger, WritesALineOfText) {
  FakeLog log({LogLevel::kInfo, LogFormat::kText});
  log.logger().Warn("token_obtained", {{"credential", "default"}, {"lifetime_seconds", 300.0}});
  EXPECT_THAT(
      log.Lines(),
      ElementsAre("03:04:05.678 WARN  token_obtained credential=default lifetime_seconds=300\n"));
}

TEST(Logger, LeavesOutWhatIsBelowItsLevel) {
  FakeLog log({LogLevel::kWarn, LogFormat::kText});
  const auto log_all = [&log] {
    log.logger().Debug("d");
    log.logger().Info("i");
    log.logger().Warn("w");
    log.logger().Error("e");
    log.logger().Audit("a", {});
  };
  log_all();
  EXPECT_THAT(log.Lines(), ElementsAre(EndsWith("w\n"), EndsWith("e\n"), EndsWith("a\n")));
  log.logger().SetLevel(LogLevel::kDebug);
  EXPECT_TRUE(log.logger().Enabled(LogLevel::kDebug));
  log_all();
  EXPECT_EQ(log.Lines().size(), 8U);
  log.logger().SetLevel(LogLevel::kError);
  EXPECT_FALSE(log.logger().Enabled(LogLevel::kWarn));
  log_all();
  EXPECT_EQ(log.Lines().size(), 10U);
}

TEST(Logger, SurvivesASinkThatThrows) {
  const FakeClock clock(kLogTime);
  int calls = 0;
  Logger log({}, clock, [&calls](std::string_view) {
    if (++calls == 1) {
      throw std::runtime_error("disk full");
    }
    if (calls == 2) {
      throw 7;  // NOLINT(bugprone-std-exception-baseclass): the worst that a sink can do
    }
  });
  testing::internal::CaptureStderr();
  log.Info("a");
  log.Info("b");
  log.Info("c");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(calls, 3);
}

TEST(Logger, HasWrittenEverythingToStandardErrorWhenItIsClosed) {
  const FakeClock clock(kLogTime);
  testing::internal::CaptureStderr();
  absl::StatusOr<std::unique_ptr<Logger>> log = Logger::ToStandardError({}, clock);
  ASSERT_TRUE(log.ok()) << log.status();
  (*log)->Info("serving", {{"address", "127.0.0.1:8443"}});
  (*log)->Close();
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            R"({"time":"2026-01-02T03:04:05.678Z","level":"info","event":"serving",)"
            R"("address":"127.0.0.1:8443"})"
            "\n");
  EXPECT_EQ((*log)->lines_dropped(), 0U);
}

TEST(Logger, KeepsTheLinesOfManyThreadsWhole) {
  constexpr int kThreads = 4;
  constexpr int kLines = 500;
  FakeLog log;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < kLines; ++i) {
        log.logger().Info("e", {{"thread", t}, {"i", i}});
        log.logger().SetLevel(i % 2 == 0 ? LogLevel::kDebug : LogLevel::kInfo);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const std::vector<std::string> lines = log.Lines();
  EXPECT_EQ(lines.size(), std::size_t{kThreads} * kLines);
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), lines.size());
  for (const std::string& line : lines) {
    EXPECT_THAT(line, HasSubstr(kJsonTime));
    EXPECT_THAT(line, EndsWith("}\n"));
  }
}

}  // namespace
}  // namespace credential_broker::observe
