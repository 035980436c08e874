#include "observe/log_ring.h"

#include <string>

#include "gtest/gtest.h"

namespace credential_broker::observe {
namespace {

std::string Peek(const LogRing& ring, std::size_t most) {
  std::string bytes(most, '?');
  bytes.resize(ring.Peek(absl::MakeSpan(bytes)));
  return bytes;
}

TEST(LogRing, KeepsLinesInOrder) {
  LogRing ring(16);
  EXPECT_TRUE(ring.empty());
  EXPECT_TRUE(ring.Append("a\n"));
  EXPECT_TRUE(ring.Append("bc\n"));
  EXPECT_EQ(Peek(ring, 16), "a\nbc\n");
  ring.Remove(2);
  EXPECT_EQ(Peek(ring, 16), "bc\n");
  ring.Remove(3);
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(Peek(ring, 16), "");
}

TEST(LogRing, TakesALineWholeOrNotAtAll) {
  LogRing ring(8);
  EXPECT_TRUE(ring.Append("12345\n"));
  EXPECT_FALSE(ring.Append("ab\n"));
  EXPECT_EQ(Peek(ring, 8), "12345\n");
  EXPECT_TRUE(ring.Append("a\n"));
  EXPECT_EQ(Peek(ring, 8), "12345\na\n");
}

TEST(LogRing, WrapsAround) {
  LogRing ring(8);
  EXPECT_TRUE(ring.Append("1234\n"));
  EXPECT_TRUE(ring.Append("5\n"));
  ring.Remove(5);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(ring.Append("abc\n")) << i;
    ASSERT_EQ(Peek(ring, 8), i == 0 ? "5\nabc\n" : "abc\nabc\n") << i;
    ring.Remove(i == 0 ? 2 : 4);
  }
}

TEST(LogRing, PeeksWholeLinesWhereTheyFit) {
  LogRing ring(32);
  EXPECT_TRUE(ring.Append("abc\n"));
  EXPECT_TRUE(ring.Append("defghijkl\n"));
  EXPECT_EQ(Peek(ring, 8), "abc\n");
  ring.Remove(4);
  EXPECT_EQ(Peek(ring, 8), "defghijk");
  ring.Remove(8);
  EXPECT_EQ(Peek(ring, 8), "l\n");
}

TEST(LogRing, RemovesToTheEndOfALine) {
  LogRing ring(32);
  EXPECT_TRUE(ring.Append("abc\n"));
  EXPECT_TRUE(ring.Append("def\n"));
  EXPECT_TRUE(ring.Append("ghi\n"));
  EXPECT_EQ(ring.RemoveLines(5), 2U);
  EXPECT_EQ(Peek(ring, 32), "ghi\n");
  EXPECT_EQ(ring.RemoveLines(4), 1U);
  EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace credential_broker::observe
