#include "h2/slow_reader.h"

#include <gtest/gtest.h>

namespace credential_broker::h2 {
namespace {

class SlowReaderTest : public testing::Test {
 protected:
  // A turn in which the peer takes `taken` of what it owes, and leaves `unread`.
  bool IsCutOffAfter(std::size_t taken, std::size_t unread) {
    reader_.BeginTurn(taken_);
    taken_ += taken;
    return reader_.EndTurn(taken_, unread);
  }

  Limits limits_;
  SlowReader reader_{limits_};
  std::uint64_t taken_ = 0;
};

TEST_F(SlowReaderTest, OneTurnWithoutTakingAnythingOfMuchIsTheLast) {
  EXPECT_FALSE(IsCutOffAfter(1, limits_.max_unread_output + 1));
  EXPECT_TRUE(IsCutOffAfter(0, limits_.max_unread_output + 1));
}

TEST_F(SlowReaderTest, OfLittleThePeerHasSixTurns) {
  for (int turn = 1; turn < 6; ++turn) {
    EXPECT_FALSE(IsCutOffAfter(0, limits_.max_unread_output)) << turn;
  }
  EXPECT_TRUE(IsCutOffAfter(0, limits_.max_unread_output));
}

TEST_F(SlowReaderTest, WhoTakesSomeOrHasTakenAllBeginsAnew) {
  for (int turn = 1; turn < 6; ++turn) {
    ASSERT_FALSE(IsCutOffAfter(0, 1)) << turn;
  }
  EXPECT_FALSE(IsCutOffAfter(1, 1));
  for (int turn = 1; turn < 6; ++turn) {
    ASSERT_FALSE(IsCutOffAfter(0, 1)) << turn;
  }
  reader_.Forgive();
  EXPECT_FALSE(IsCutOffAfter(0, 1));
}

TEST_F(SlowReaderTest, BeyondTheHardLimitThereIsNoTurn) {
  EXPECT_FALSE(reader_.IsFlooded(limits_.max_queued_output));
  EXPECT_TRUE(reader_.IsFlooded(limits_.max_queued_output + 1));
}

}  // namespace
}  // namespace credential_broker::h2
