#include "h2/output_budget.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

#include "support/fake_loop.h"

namespace credential_broker::h2 {
namespace {

class OutputBudgetTest : public testing::Test {
 protected:
  OutputBudget::Share NewShare(int loop = 0) { return {budget_, loops_[loop]}; }

  std::shared_ptr<OutputBudget> budget_ = std::make_shared<OutputBudget>(1000);
  std::shared_ptr<FakeLoop> events_[2] = {std::make_shared<FakeLoop>(),
                                          std::make_shared<FakeLoop>()};
  std::shared_ptr<OutputBudget::Loop> loops_[2] = {
      std::make_shared<OutputBudget::Loop>(events_[0]),
      std::make_shared<OutputBudget::Loop>(events_[1])};
};

TEST_F(OutputBudgetTest, CountsWhatEachConnectionHasQueuedNow) {
  OutputBudget::Share one = NewShare();
  {
    OutputBudget::Share other = NewShare(1);
    one.Set(300);
    other.Set(200);
    EXPECT_EQ(budget_->total(), 500U);
    one.Set(100);
    EXPECT_EQ(budget_->total(), 300U);
  }
  EXPECT_EQ(budget_->total(), 100U);
  one.Set(0);
  EXPECT_EQ(budget_->total(), 0U);
  EXPECT_FALSE(loops_[0]->has_chosen());
}

TEST_F(OutputBudgetTest, BeyondTheLimitTheLargestQueueOfAllLoopsIsChosen) {
  OutputBudget::Share small = NewShare(0);
  OutputBudget::Share large = NewShare(1);
  OutputBudget::Share growing = NewShare(0);
  small.Set(100);
  large.Set(600);
  growing.Set(300);
  EXPECT_FALSE(large.chosen());  // at the limit
  growing.Set(301);
  EXPECT_TRUE(large.chosen());
  EXPECT_FALSE(small.chosen());
  EXPECT_FALSE(growing.chosen());
  EXPECT_TRUE(loops_[1]->has_chosen());
  EXPECT_FALSE(loops_[0]->has_chosen());
  EXPECT_EQ(events_[1]->posts(), 1);
  EXPECT_EQ(events_[0]->posts(), 0);
  EXPECT_EQ(budget_->total(), 401U);
}

TEST_F(OutputBudgetTest, AsManyAreChosenAsItTakesAndWhatTheyDoAfterwardsIsNotCounted) {
  std::optional<OutputBudget::Share> first(std::in_place, budget_, loops_[0]);
  std::optional<OutputBudget::Share> second(std::in_place, budget_, loops_[0]);
  OutputBudget::Share newest = NewShare();
  first->Set(400);
  second->Set(500);
  newest.Set(900);
  EXPECT_TRUE(newest.chosen());
  EXPECT_EQ(budget_->total(), 900U);
  newest.Set(5000);
  EXPECT_EQ(budget_->total(), 900U);
  first->Set(2000);
  EXPECT_TRUE(first->chosen());
  EXPECT_FALSE(second->chosen());
  EXPECT_EQ(budget_->total(), 500U);
  first.reset();
  EXPECT_TRUE(loops_[0]->has_chosen());
}

TEST_F(OutputBudgetTest, ALoopIsDoneWhenTheChosenConnectionsAreGone) {
  {
    OutputBudget::Share share = NewShare();
    share.Set(1001);
    EXPECT_TRUE(share.chosen());
    EXPECT_TRUE(loops_[0]->has_chosen());
    share.Set(0);
    EXPECT_TRUE(loops_[0]->has_chosen());
  }
  EXPECT_FALSE(loops_[0]->has_chosen());
  EXPECT_EQ(budget_->total(), 0U);
}

TEST_F(OutputBudgetTest, LoopsMayCountAtTheSameTime) {
  std::vector<std::thread> threads;
  for (int loop = 0; loop < 2; ++loop) {
    threads.emplace_back([this, loop] {
      for (int round = 0; round < 500; ++round) {
        OutputBudget::Share one = NewShare(loop);
        OutputBudget::Share two = NewShare(loop);
        for (std::size_t size = 1; size < 20; ++size) {
          one.Set(size * 37);
          two.Set(size * 11);
        }
        two.Set(0);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(budget_->total(), 0U);
  EXPECT_FALSE(loops_[0]->has_chosen());
  EXPECT_FALSE(loops_[1]->has_chosen());
}

}  // namespace
}  // namespace credential_broker::h2
