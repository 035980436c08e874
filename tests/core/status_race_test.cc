// What tests/support/tsan.supp suppresses and what it does not; built under ThreadSanitizer only.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/cord.h"

namespace credential_broker {
namespace {

absl::Status Shared() {
  absl::Status status = absl::InternalError("longer than a string that has no memory of its own");
  status.SetPayload("type", absl::Cord("a payload"));
  return status;
}

// The process ends here, not in the test that the child of a death test was started from.
[[noreturn]] void AtOnce(std::thread a, std::thread b) {
  a.join();
  b.join();
  std::exit(0);
}

bool SanitizerEndedIt(int status) { return WIFEXITED(status) && WEXITSTATUS(status) != 0; }

class StatusRaceDeathTest : public ::testing::Test {
 protected:
  StatusRaceDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  absl::Status shared_ = Shared();
};

TEST_F(StatusRaceDeathTest, TwoThreadsThatAssignOneStatusAreReported) {
  EXPECT_EXIT(AtOnce(std::thread([this] { shared_ = absl::UnknownError("one"); }),
                     std::thread([this] { shared_ = absl::NotFoundError("two"); })),
              SanitizerEndedIt, "data race");
}

TEST_F(StatusRaceDeathTest, AReaderBesideAThreadThatAssignsIsReported) {
  EXPECT_EXIT(AtOnce(std::thread([this] { shared_ = absl::OkStatus(); }),
                     std::thread([this] { EXPECT_FALSE(shared_.ok()); })),
              SanitizerEndedIt, "data race");
}

TEST_F(StatusRaceDeathTest, TwoThreadsThatSetPayloadsOfOneStatusAreReported) {
  EXPECT_EXIT(AtOnce(std::thread([this] { shared_.SetPayload("one", absl::Cord("1")); }),
                     std::thread([this] { shared_.SetPayload("two", absl::Cord("2")); })),
              SanitizerEndedIt, "data race");
}

// Reads its own Status, and gives it up.
void Use(absl::Status own) {
  EXPECT_EQ(own.message().front(), 'l');
  EXPECT_TRUE(own.GetPayload("type").has_value());
  const absl::Status copy = own;
  own = absl::OkStatus();
  EXPECT_FALSE(copy.ok());
}

TEST_F(StatusRaceDeathTest, OwnersOfOneRepresentationAreNotReported) {
  absl::Status a = shared_;
  absl::Status b = std::exchange(shared_, absl::OkStatus());
  std::thread first(Use, std::move(a));
  std::thread second(Use, std::move(b));
  first.join();
  second.join();
}

}  // namespace
}  // namespace credential_broker

#endif
#endif
