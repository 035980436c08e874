#include "upstream/wiped_buffer.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gmock/gmock.h"
#include "support/memory_probe.h"

namespace credential_broker::upstream {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Larger than what the allocator writes into memory that is freed.
std::string Content() { return std::string(1000, 'S'); }
constexpr std::string_view kSecretBytes = "SSSSSSSSSSSSSSSS";

TEST(WipedBuffer, IsOverwrittenWhenItEnds) {
  std::optional<WipedBuffer> buffer(std::in_place);
  buffer->Append(Content());
  MemoryProbe probe(buffer->view().data(), Content().size());
  ASSERT_EQ(probe.Read(), Content());
  buffer.reset();
  EXPECT_THAT(probe.Read(), Not(HasSubstr(kSecretBytes)));
}

TEST(WipedBuffer, OverwritesTheMemoryThatItGrowsOutOf) {
  WipedBuffer buffer;
  buffer.Append(Content());
  MemoryProbe probe(buffer.view().data(), Content().size());
  buffer.Append(std::string(100'000, 'x'));
  EXPECT_THAT(probe.Read(), Not(HasSubstr(kSecretBytes)));
}

TEST(WipedBuffer, OverwritesWhatAnAssignmentReplaces) {
  std::optional<WipedBuffer> from(std::in_place);
  from->Append("next");
  WipedBuffer buffer;
  buffer.Append(Content());
  MemoryProbe probe(buffer.view().data(), Content().size());
  buffer = *std::move(from);
  from.reset();
  EXPECT_EQ(buffer.view(), "next");
  EXPECT_THAT(probe.Read(), Not(HasSubstr(kSecretBytes)));
}

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
