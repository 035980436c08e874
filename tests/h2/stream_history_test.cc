#include "h2/stream_history.h"

#include <gtest/gtest.h>

namespace credential_broker::h2 {
namespace {

TEST(StreamHistory, RemembersWhatThePeerClosedLast) {
  StreamHistory history;
  for (int id = 1; id <= 41; id += 2) {
    history.OnOpened(id);
    history.OnClosedByPeer(id);
  }
  EXPECT_TRUE(history.WasClosedByPeer(41));
  EXPECT_TRUE(history.WasClosedByPeer(27));
  EXPECT_FALSE(history.WasClosedByPeer(25)) << "too long ago: the peer is given the benefit";
  EXPECT_FALSE(history.WasClosedByPeer(43));
}

TEST(StreamHistory, KnowsTheIdsThatWerePassedOver) {
  StreamHistory history;
  EXPECT_FALSE(history.WasSkipped(1));
  history.OnOpened(1);
  history.OnOpened(3);
  EXPECT_FALSE(history.WasSkipped(1));
  EXPECT_FALSE(history.WasSkipped(3));
  history.OnOpened(9);
  EXPECT_TRUE(history.WasSkipped(5));
  EXPECT_TRUE(history.WasSkipped(7));
  EXPECT_FALSE(history.WasSkipped(3));
  EXPECT_FALSE(history.WasSkipped(9));
  EXPECT_FALSE(history.WasSkipped(11));
}

TEST(StreamHistory, TheFirstStreamMayHaveAnyId) {
  StreamHistory history;
  history.OnOpened(5);
  EXPECT_TRUE(history.WasSkipped(1));
  EXPECT_TRUE(history.WasSkipped(3));
  EXPECT_FALSE(history.WasSkipped(5));
}

}  // namespace
}  // namespace credential_broker::h2
