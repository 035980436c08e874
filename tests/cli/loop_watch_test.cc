#include "cli/loop_watch.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/fake_clock.h"
#include "support/fake_loop.h"

namespace credential_broker::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LoopWatchTest : public ::testing::Test {
 protected:
  LoopWatchTest() { watch_.Add("grpc", {good_, stuck_}); }

  FakeClock clock_;
  std::shared_ptr<FakeLoop> good_ = std::make_shared<FakeLoop>();
  std::shared_ptr<FakeLoop> stuck_ = std::make_shared<FakeLoop>();
  LoopWatch watch_{clock_};
};

TEST_F(LoopWatchTest, NamesALoopThatDoesNotRunItsTask) {
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(watch_.Stuck(), IsEmpty());  // nobody has asked
  watch_.Ask();
  good_->RunPosted();
  clock_.Advance(LoopWatch::kPatience - absl::Milliseconds(1));
  EXPECT_THAT(watch_.Stuck(), IsEmpty());
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(watch_.Stuck(), ElementsAre("grpc 1 (10s)"));
  stuck_->RunPosted();
  EXPECT_THAT(watch_.Stuck(), IsEmpty());
}

TEST_F(LoopWatchTest, CountsFromTheFirstTaskThatWasNotRunAndPilesNoneUp) {
  for (int i = 0; i < 3; ++i) {
    watch_.Ask();
    good_->RunPosted();
    clock_.Advance(absl::Seconds(5));
  }
  EXPECT_THAT(watch_.Stuck(), ElementsAre("grpc 1 (15s)"));
  EXPECT_EQ(stuck_->posted(), 1U);
}

}  // namespace
}  // namespace credential_broker::cli
