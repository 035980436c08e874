#include "cli/hardening.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>

namespace credential_broker::cli {
namespace {

using ::testing::HasSubstr;

// NOLINTBEGIN(concurrency-mt-unsafe): there is one thread
class LoggingEnvironment : public ::testing::Test {
 protected:
  LoggingEnvironment() { Clear(); }
  ~LoggingEnvironment() override { Clear(); }
  static void Clear() {
    unsetenv("GRPC_TRACE");
    unsetenv("GRPC_VERBOSITY");
  }
};

TEST_F(LoggingEnvironment, IsFineWithoutOrQuiet) {
  EXPECT_TRUE(CheckLoggingEnvironment().ok());
  setenv("GRPC_TRACE", "", 1);
  setenv("GRPC_VERBOSITY", "error", 1);
  EXPECT_TRUE(CheckLoggingEnvironment().ok());
}

TEST_F(LoggingEnvironment, IsRefusedWhereGrpcWouldPrintTokens) {
  setenv("GRPC_TRACE", "http", 1);
  EXPECT_THAT(std::string(CheckLoggingEnvironment().message()), HasSubstr("GRPC_TRACE"));
  Clear();
  for (const char* verbosity : {"debug", "DEBUG"}) {
    setenv("GRPC_VERBOSITY", verbosity, 1);
    EXPECT_THAT(std::string(CheckLoggingEnvironment().message()), HasSubstr("GRPC_VERBOSITY"));
  }
}
// NOLINTEND(concurrency-mt-unsafe)

[[noreturn]] void ExitHardened() {
  rlimit limit = {1, 1};
  const bool good = HardenProcess().ok() && getrlimit(RLIMIT_CORE, &limit) == 0 &&
                    limit.rlim_cur == 0 && limit.rlim_max == 0 &&
                    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
  _exit(good ? 0 : 1);
}

[[noreturn]] void ExitRaised() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max / 2;
  setrlimit(RLIMIT_NOFILE, &limit);
  RaiseDescriptorLimit();
  const bool good = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == limit.rlim_max;
  _exit(good ? 0 : 1);
}

TEST(RaiseDescriptorLimit, TakesWhatIsAllowed) {
  EXPECT_EXIT(ExitRaised(), ::testing::ExitedWithCode(0), "");
}

TEST(HardenProcess, LeavesNoCoreFileAndNoTracing) {
  EXPECT_EXIT(ExitHardened(), ::testing::ExitedWithCode(0), "");
}

[[noreturn]] void ExitWithDescriptorsFilled() {
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  const bool filled = FillStandardDescriptors().ok();
  const int next = open("/dev/null", O_RDONLY);
  const bool good = filled && next > STDERR_FILENO && write(STDOUT_FILENO, "x", 1) == -1;
  _exit(good ? 0 : 1);
}

TEST(FillStandardDescriptors, TakesTheNumbersThatASocketWouldGet) {
  EXPECT_EXIT(ExitWithDescriptorsFilled(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace credential_broker::cli
