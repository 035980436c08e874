#include "identity/fair_queue.h"

#include <string>
#include <vector>

#include "base/strings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::identity {
namespace {

using ::testing::ElementsAre;
using Queue = FairQueue<std::string>;

std::vector<std::string> PopAll(Queue& queue) {
  std::vector<std::string> all;
  while (std::optional<std::string> item = queue.Pop()) {
    all.push_back(*std::move(item));
  }
  return all;
}

TEST(FairQueue, LinesTakeTurns) {
  Queue queue;
  for (const char* item : {"a1", "a2", "a3", "b1", "c1", "c2"}) {
    queue.Push(std::string(item, 1), item);
  }
  EXPECT_EQ(queue.size(), 6U);
  EXPECT_EQ(queue.Size("a"), 3U);
  EXPECT_THAT(PopAll(queue), ElementsAre("a1", "b1", "c1", "a2", "c2", "a3"));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.Size("a"), 0U);
}

TEST(FairQueue, ALineThatComesBackWaitsForItsTurn) {
  Queue queue;
  queue.Push("a", "a1");
  queue.Push("b", "b1");
  queue.Push("b", "b2");
  EXPECT_EQ(queue.Pop(), "a1");
  queue.Push("a", "a2");
  EXPECT_THAT(PopAll(queue), ElementsAre("b1", "a2", "b2"));
}

TEST(FairQueue, UrgentItemsGoFirstInTheirOwnLineOnly) {
  Queue queue;
  queue.Push("a", "a1");
  queue.Push("b", "b1");
  queue.Push("b", "b2", Queue::Priority::kUrgent);
  queue.Push("b", "b3", Queue::Priority::kUrgent);
  EXPECT_EQ(queue.NormalSize("b"), 1U);
  EXPECT_EQ(queue.UrgentSize("b"), 2U);
  EXPECT_EQ(queue.UrgentSize("nobody"), 0U);
  EXPECT_THAT(PopAll(queue), ElementsAre("a1", "b2", "b3", "b1"));
}

TEST(FairQueue, CountsItemsOfOneLineThatAreNotUrgent) {
  Queue queue;
  for (const char* item : {"a1", "a2", "a1", "b1"}) {
    queue.Push(std::string(item, 1), item);
  }
  queue.Push("a", "a1", Queue::Priority::kUrgent);
  const auto is_a1 = [](const std::string& item) { return item == "a1"; };
  EXPECT_EQ(queue.CountNormal("a", is_a1), 2U);
  EXPECT_EQ(queue.CountNormal("b", is_a1), 0U);
  EXPECT_EQ(queue.CountNormal("nobody", is_a1), 0U);
}

TEST(FairQueue, RemovesAnItemAndThenItsEmptyLine) {
  Queue queue;
  queue.Push("a", "a1");
  queue.Push("a", "a2", Queue::Priority::kUrgent);
  queue.Push("b", "b1");
  queue.Remove("a", "a2");
  queue.Remove("a", "not there");
  queue.Remove("nobody", "a1");
  EXPECT_EQ(queue.size(), 2U);
  queue.Remove("a", "a1");
  EXPECT_EQ(queue.Size("a"), 0U);
  EXPECT_THAT(PopAll(queue), ElementsAre("b1"));
}

TEST(FairQueue, TheLongestLineMakesRoom) {
  Queue queue;
  for (const char* item : {"a1", "a2", "b1", "b2", "b3"}) {
    queue.Push(std::string(item, 1), item);
  }
  EXPECT_EQ(queue.MakeRoom("c", Queue::Priority::kNormal), "b3");
  EXPECT_EQ(queue.MakeRoom("c", Queue::Priority::kNormal), "a2");
  EXPECT_EQ(queue.MakeRoom("c", Queue::Priority::kNormal), "b2");
  // a and b have one each: as many as c would have.
  EXPECT_EQ(queue.MakeRoom("c", Queue::Priority::kNormal), std::nullopt);
  EXPECT_THAT(PopAll(queue), ElementsAre("a1", "b1"));
}

TEST(FairQueue, ALongestLineGetsNoRoomFromOthers) {
  Queue queue;
  for (const char* item : {"a1", "b1", "b2"}) {
    queue.Push(std::string(item, 1), item);
  }
  EXPECT_EQ(queue.MakeRoom("b", Queue::Priority::kNormal), std::nullopt);
  EXPECT_THAT(PopAll(queue), ElementsAre("a1", "b1", "b2"));
}

TEST(FairQueue, AnUrgentItemDisplacesOneThatIsNotAlthoughNoLineIsLongerThanItsOwn) {
  Queue queue;
  for (int i = 0; i < 512; ++i) {
    queue.Push(StrCat("key-", i), "normal");
  }
  EXPECT_EQ(queue.MakeRoom("new", Queue::Priority::kNormal), std::nullopt);
  EXPECT_EQ(queue.MakeRoom("new", Queue::Priority::kUrgent), "normal");
  EXPECT_EQ(queue.size(), 511U);
}

TEST(FairQueue, AnUrgentItemDisplacesOneOfTheLongestLineThatHasAnyAndOfSeveralItsOwn) {
  Queue queue;
  for (const char* item : {"a1", "b1", "b2"}) {
    queue.Push(std::string(item, 1), item);
  }
  for (const char* item : {"u1", "u2", "u3"}) {
    queue.Push("u", item, Queue::Priority::kUrgent);
  }
  EXPECT_EQ(queue.MakeRoom("u", Queue::Priority::kUrgent), "b2");
  EXPECT_EQ(queue.MakeRoom("b", Queue::Priority::kUrgent), "b1");
  EXPECT_EQ(queue.MakeRoom("b", Queue::Priority::kUrgent), "a1");
  // All are urgent: only a line that is longer than its own would be makes room.
  EXPECT_EQ(queue.MakeRoom("u", Queue::Priority::kUrgent), std::nullopt);
  EXPECT_EQ(queue.MakeRoom("b", Queue::Priority::kUrgent), "u3");
  EXPECT_THAT(PopAll(queue), ElementsAre("u1", "u2"));
}

TEST(FairQueue, UrgentItemsOfTheLongestLineAreDroppedLast) {
  Queue queue;
  queue.Push("a", "a1");
  queue.Push("a", "a2", Queue::Priority::kUrgent);
  queue.Push("a", "a3", Queue::Priority::kUrgent);
  EXPECT_EQ(queue.MakeRoom("b", Queue::Priority::kNormal), "a1");
  EXPECT_EQ(queue.MakeRoom("b", Queue::Priority::kNormal), "a3");
  EXPECT_THAT(PopAll(queue), ElementsAre("a2"));
}

TEST(FairQueue, HoldsNothingForKeysWithoutItems) {
  Queue queue;
  for (int round = 0; round < 1000; ++round) {
    const std::string key = StrCat("key-", round);
    queue.Push(key, "x");
    EXPECT_EQ(queue.Pop(), "x");
    EXPECT_EQ(queue.Size(key), 0U);
  }
  EXPECT_EQ(queue.Pop(), std::nullopt);
}

}  // namespace
}  // namespace credential_broker::identity
