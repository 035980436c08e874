#include "h2/deadline_timer.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace credential_broker::h2 {
namespace {

// A timer on a loop that this thread runs until it is told to break.
class DeadlineTimerTest : public testing::Test {
 protected:
  DeadlineTimerTest() {
    timer_.emplace(*loop_, [this](Due due) {
      came_.push_back(due);
      then_(due);
    });
  }

  const std::shared_ptr<EvLoop> loop_ = EvLoop::Create();
  std::vector<Due> came_;
  std::function<void(Due)> then_ = [](Due) {};
  std::optional<DeadlineTimer> timer_;
};

TEST_F(DeadlineTimerTest, TellsOfEachInTheOrderOfTheirInstants) {
  then_ = [this](Due due) {
    if (due == Due::kAge) {
      loop_->Break();
    }
  };
  timer_->Set(Due::kAge, 0.002);
  timer_->Set(Due::kIdle, 0.001);
  loop_->Run();
  EXPECT_EQ(came_, (std::vector<Due>{Due::kIdle, Due::kAge}));
  EXPECT_FALSE(timer_->IsSet(Due::kAge));
}

TEST_F(DeadlineTimerTest, NothingIsToldOfWhatWasCleared) {
  then_ = [this](Due) { loop_->Break(); };
  timer_->Set(Due::kAge, 0.001);
  timer_->Set(Due::kIdle, 0.002);
  timer_->Clear(Due::kAge);
  loop_->Run();
  EXPECT_EQ(came_, std::vector<Due>{Due::kIdle});
}

TEST_F(DeadlineTimerTest, WhoIsToldMaySetAndClear) {
  then_ = [this](Due due) {
    if (due == Due::kQuiet && came_.size() < 3) {
      timer_->Set(Due::kQuiet, 0.001);
      timer_->ClearAll();
      timer_->Set(Due::kQuiet, 0.001);
    } else {
      loop_->Break();
    }
  };
  timer_->Set(Due::kQuiet, 0.001);
  timer_->Set(Due::kLinger, 0.001);
  loop_->Run();
  EXPECT_EQ(came_, (std::vector<Due>{Due::kQuiet, Due::kQuiet, Due::kQuiet}));
}

TEST_F(DeadlineTimerTest, AnInstantThatIsPastComesAtOnce) {
  then_ = [this](Due) { loop_->Break(); };
  timer_->Set(Due::kAge, 3600);
  timer_->SetAt(Due::kQuiet, loop_->now() - 1);
  loop_->Run();
  EXPECT_EQ(came_, std::vector<Due>{Due::kQuiet});
  EXPECT_TRUE(timer_->IsSet(Due::kAge));
}

}  // namespace
}  // namespace credential_broker::h2
