#include "upstream/wiped_buffer.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace credential_broker::upstream {
namespace {

TEST(WipedBuffer, KeepsWhatIsAppended) {
  WipedBuffer buffer;
  EXPECT_EQ(buffer.view(), "");
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 17), static_cast<char>('a' + i % 26));
    buffer.Append(piece);
    expected += piece;
  }
  EXPECT_EQ(buffer.view(), expected);
  EXPECT_EQ(buffer.size(), expected.size());
}

TEST(WipedBuffer, MovesWhole) {
  WipedBuffer from;
  from.Append("abc");
  WipedBuffer to(std::move(from));
  EXPECT_EQ(to.view(), "abc");
  WipedBuffer other;
  other.Append("xyz");
  other = std::move(to);
  EXPECT_EQ(other.view(), "abc");
}

}  // namespace
}  // namespace credential_broker::upstream
