#include "h2/slow_reader.h"

#include <gtest/gtest.h>

namespace credential_broker::h2 {
namespace {

class SlowReaderTest : public testing::Test {
 protected:
  // A turn that begins with `unread` bytes and in which the peer takes `taken`; others take their
  // place.
  bool IsCutOffAfter(std::int64_t taken, std::size_t unread) {
    reader_.BeginTurn(taken_, unread);
    taken_ += taken;
    return reader_.EndTurn(taken_, unread);
  }

  Limits limits_;
  SlowReader reader_{limits_};
  std::int64_t taken_ = 0;
  const std::size_t much_ = limits_.max_unread_output + 1;
  const std::size_t little_ = limits_.max_unread_output;
  const std::int64_t minimum_ = 5 * 1024;  // of a turn of 5 s
};

TEST_F(SlowReaderTest, BeyondMaxUnreadOutputOneTurnBelowTheMinimumRateIsTheLast) {
  EXPECT_FALSE(IsCutOffAfter(minimum_, much_));
  EXPECT_TRUE(IsCutOffAfter(minimum_ - 1, much_));
}

TEST_F(SlowReaderTest, OneByteATurnIsNotEnough) {
  EXPECT_TRUE(IsCutOffAfter(1, much_));
  reader_.Forgive();
  for (int turn = 1; turn < 6; ++turn) {
    EXPECT_FALSE(IsCutOffAfter(1, little_)) << turn;
  }
  EXPECT_TRUE(IsCutOffAfter(1, little_));
}

TEST_F(SlowReaderTest, OfLittleOneTurnInSixAtTheMinimumRateIsEnough) {
  for (int round = 0; round < 20; ++round) {
    for (int turn = 1; turn < 6; ++turn) {
      ASSERT_FALSE(IsCutOffAfter(0, little_)) << round << " " << turn;
    }
    ASSERT_FALSE(IsCutOffAfter(minimum_, little_)) << round;
  }
}

TEST_F(SlowReaderTest, WhoTakesAllThatWaitedIsNotSlowHoweverLittleItWas) {
  for (int turn = 0; turn < 20; ++turn) {
    EXPECT_FALSE(IsCutOffAfter(100, 100)) << turn;
  }
}

TEST_F(SlowReaderTest, WhoHasTakenEverythingBeginsAnew) {
  for (int turn = 1; turn < 6; ++turn) {
    ASSERT_FALSE(IsCutOffAfter(0, little_)) << turn;
  }
  reader_.Forgive();
  EXPECT_FALSE(IsCutOffAfter(0, little_));
}

TEST_F(SlowReaderTest, BytesThatWereTakenBackFromTheSocketAreNotTaken) {
  // What is produced but not written lowers the count.
  EXPECT_TRUE(IsCutOffAfter(-16 * 1024, much_));
}

TEST_F(SlowReaderTest, BeyondTheHardLimitThereIsNoTurn) {
  EXPECT_FALSE(reader_.IsFlooded(limits_.max_queued_output));
  EXPECT_TRUE(reader_.IsFlooded(limits_.max_queued_output + 1));
}

}  // namespace
}  // namespace credential_broker::h2
