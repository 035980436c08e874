#include "h2/handshake_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "h2/ev_loop.h"

namespace credential_broker::h2 {
namespace {

using ::testing::ElementsAre;

Limits Of(std::size_t all, std::size_t per_address) {
  Limits limits;
  limits.max_handshakes = all;
  limits.max_handshakes_per_address = per_address;
  return limits;
}

// Writes down what the queue does with it.
class FakeConnection final : public Handshaking {
 public:
  FakeConnection(HandshakeQueue& queue, const std::string& address, std::string name,
                 std::vector<std::string>& log)
      : name_(std::move(name)), log_(log) {
    place_.emplace(queue, address, *this);
  }
  void StepHandshake() override {
    log_.push_back(name_);
    for (const double end = MonotonicSeconds() + step_seconds; MonotonicSeconds() < end;) {
    }
    if (ends_with_step) {
      place_.reset();
    }
  }
  void Evict() override {
    log_.push_back("evicted " + name_);
    place_.reset();
  }
  HandshakeQueue::Place& place() { return *place_; }

  bool ends_with_step = false;
  double step_seconds = 0;  // of CPU

 private:
  const std::string name_;
  std::vector<std::string>& log_;
  std::optional<HandshakeQueue::Place> place_;
};

class HandshakeQueueTest : public ::testing::Test {
 protected:
  FakeConnection& Add(HandshakeQueue& queue, const std::string& address, const std::string& name) {
    connections_.push_back(std::make_unique<FakeConnection>(queue, address, name, log_));
    return *connections_.back();
  }
  // Until nothing is left to be done, which takes several turns on a machine that is slow.
  void RunAll(HandshakeQueue& queue) {
    while (queue.RunTurn()) {
    }
  }

  std::vector<std::string> log_;
  std::vector<std::unique_ptr<FakeConnection>> connections_;
};

TEST_F(HandshakeQueueTest, EvictsTheOldestOfAnAddressThatHasTooMany) {
  HandshakeQueue queue(Of(10, 2), 1);
  Add(queue, "b", "b1");
  Add(queue, "a", "a1");
  Add(queue, "a", "a2");
  Add(queue, "a", "a3");
  EXPECT_THAT(log_, ElementsAre("evicted a1"));
  EXPECT_EQ(queue.size(), 3U);
  Add(queue, "a", "a4");
  EXPECT_THAT(log_, ElementsAre("evicted a1", "evicted a2"));
  connections_.clear();
}

TEST_F(HandshakeQueueTest, EvictsOfTheAddressThatHasTheMostWhenThereAreTooManyInAll) {
  HandshakeQueue queue(Of(4, 3), 1);
  Add(queue, "b", "b1");
  Add(queue, "a", "a1");
  Add(queue, "a", "a2");
  Add(queue, "a", "a3");
  Add(queue, "c", "c1");
  EXPECT_THAT(log_, ElementsAre("evicted a1"));
  EXPECT_EQ(queue.size(), 4U);
  connections_.clear();
}

TEST_F(HandshakeQueueTest, AnAddressWithALimitOfOneHasItsNewestConnection) {
  HandshakeQueue queue(Of(10, 1), 1);
  for (int i = 0; i < 3; ++i) {
    Add(queue, "a", std::to_string(i));
  }
  EXPECT_THAT(log_, ElementsAre("evicted 0", "evicted 1"));
  EXPECT_EQ(queue.size(), 1U);
  connections_.clear();
}

TEST_F(HandshakeQueueTest, LoopsShareTheLimits) {
  HandshakeQueue queue(Of(80, 40), 2);
  for (int i = 0; i < 100; ++i) {
    Add(queue, "a", "");
  }
  EXPECT_EQ(queue.size(), 20U);
  for (int i = 0; i < 100; ++i) {
    Add(queue, std::to_string(i), "");
  }
  EXPECT_EQ(queue.size(), 40U);
  connections_.clear();
}

TEST_F(HandshakeQueueTest, AddressesTakeTurns) {
  HandshakeQueue queue(Limits(), 1);
  for (const char* name : {"a1", "a2", "a3"}) {
    Add(queue, "a", name).place().RequestStep();
  }
  Add(queue, "b", "b1").place().RequestStep();
  RunAll(queue);
  EXPECT_THAT(log_, ElementsAre("a1", "b1", "a2", "a3"));
  connections_.clear();
}

TEST_F(HandshakeQueueTest, ATurnEndsWithTheStepThatExceedsItsTime) {
  HandshakeQueue queue(Limits(), 1);
  for (const char* name : {"a", "b", "c"}) {
    FakeConnection& connection = Add(queue, name, name);
    connection.step_seconds = absl::ToDoubleSeconds(HandshakeQueue::kTurn);
    connection.place().RequestStep();
  }
  EXPECT_TRUE(queue.RunTurn());
  EXPECT_THAT(log_, ElementsAre("a"));
  EXPECT_TRUE(queue.RunTurn());
  EXPECT_THAT(log_, ElementsAre("a", "b"));
  EXPECT_FALSE(queue.RunTurn());
  EXPECT_THAT(log_, ElementsAre("a", "b", "c"));
  connections_.clear();
}

TEST_F(HandshakeQueueTest, OneStepForEachRequest) {
  HandshakeQueue queue(Limits(), 1);
  FakeConnection& connection = Add(queue, "a", "a1");
  connection.place().RequestStep();
  connection.place().RequestStep();
  RunAll(queue);
  RunAll(queue);
  EXPECT_THAT(log_, ElementsAre("a1"));
  connection.place().RequestStep();
  RunAll(queue);
  EXPECT_THAT(log_, ElementsAre("a1", "a1"));
  connections_.clear();
}

TEST_F(HandshakeQueueTest, StepsNothingThatIsGone) {
  HandshakeQueue queue(Limits(), 1);
  Add(queue, "a", "a1").place().RequestStep();
  Add(queue, "a", "a2").place().RequestStep();
  Add(queue, "b", "b1").place().RequestStep();
  connections_.erase(connections_.begin());      // one of two of its address
  connections_.erase(connections_.begin() + 1);  // the only one
  RunAll(queue);
  EXPECT_THAT(log_, ElementsAre("a2"));
  connections_.clear();
  EXPECT_EQ(queue.size(), 0U);
}

TEST_F(HandshakeQueueTest, AStepMayEndTheConnectionsPlace) {
  HandshakeQueue queue(Limits(), 1);
  for (const char* name : {"a1", "a2"}) {
    FakeConnection& connection = Add(queue, "a", name);
    connection.ends_with_step = true;
    connection.place().RequestStep();
  }
  RunAll(queue);
  EXPECT_THAT(log_, ElementsAre("a1", "a2"));
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_FALSE(queue.RunTurn());
}

}  // namespace
}  // namespace credential_broker::h2
