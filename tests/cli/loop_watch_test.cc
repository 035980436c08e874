#include "cli/loop_watch.h"

#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/fake_clock.h"

namespace credential_broker::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Runs its tasks when a test says so.
class PacedLoop : public h2::EventLoop {
 public:
  void Post(absl::AnyInvocable<void() &&> task) override { tasks_.push_back(std::move(task)); }
  std::unique_ptr<h2::Timer> RunAfter(absl::Duration /*delay*/,
                                      absl::AnyInvocable<void() &&> /*task*/) override {
    return nullptr;
  }
  void Run() {
    for (auto& task : std::exchange(tasks_, {})) {
      std::move(task)();
    }
  }
  std::size_t waiting() const { return tasks_.size(); }

 private:
  std::vector<absl::AnyInvocable<void() &&>> tasks_;
};

class LoopWatchTest : public ::testing::Test {
 protected:
  LoopWatchTest() { watch_.Add("grpc", {good_, stuck_}); }

  FakeClock clock_;
  std::shared_ptr<PacedLoop> good_ = std::make_shared<PacedLoop>();
  std::shared_ptr<PacedLoop> stuck_ = std::make_shared<PacedLoop>();
  LoopWatch watch_{clock_};
};

TEST_F(LoopWatchTest, NamesALoopThatDoesNotRunItsTask) {
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(watch_.Stuck(), IsEmpty());  // nobody has asked
  watch_.Ask();
  good_->Run();
  clock_.Advance(LoopWatch::kPatience - absl::Milliseconds(1));
  EXPECT_THAT(watch_.Stuck(), IsEmpty());
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(watch_.Stuck(), ElementsAre("grpc 1 (10s)"));
  stuck_->Run();
  EXPECT_THAT(watch_.Stuck(), IsEmpty());
}

TEST_F(LoopWatchTest, CountsFromTheFirstTaskThatWasNotRunAndPilesNoneUp) {
  for (int i = 0; i < 3; ++i) {
    watch_.Ask();
    good_->Run();
    clock_.Advance(absl::Seconds(5));
  }
  EXPECT_THAT(watch_.Stuck(), ElementsAre("grpc 1 (15s)"));
  EXPECT_EQ(stuck_->waiting(), 1U);
}

}  // namespace
}  // namespace credential_broker::cli
