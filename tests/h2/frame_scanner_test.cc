#include "h2/frame_scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/h2_client.h"

namespace credential_broker::h2 {
namespace {

// Type and stream of each frame, as found when the bytes come `part` at a time.
std::vector<std::pair<int, int>> Scan(std::string_view bytes, std::size_t part) {
  FrameScanner scanner;
  std::vector<std::pair<int, int>> found;
  for (std::size_t at = 0; at < bytes.size(); at += part) {
    std::string_view chunk = bytes.substr(at, part);
    std::size_t position = 0;
    while (auto header = scanner.Next(chunk, position)) {
      found.emplace_back(header->type, header->stream_id);
    }
    EXPECT_EQ(position, chunk.size());
  }
  return found;
}

TEST(FrameScanner, FindsEveryHeaderHoweverTheBytesAreCut) {
  std::string bytes = H2Hello() + H2Frame(1, 4, 1, "headers") +
                      H2Frame(0, 1, 0x80000001, std::string(70000, 'd')) + H2Frame(0xfe, 0, 77, "");
  std::vector<std::pair<int, int>> expected = {{4, 0}, {1, 1}, {0, 1}, {0xfe, 77}};
  for (std::size_t part : {1UL, 2UL, 7UL, 9UL, 24UL, 33UL, 1000UL, bytes.size()}) {
    EXPECT_EQ(Scan(bytes, part), expected) << part;
  }
}

TEST(FrameScanner, PositionIsTheEndOfTheHeader) {
  FrameScanner scanner;
  std::string bytes = H2Hello() + H2Frame(6, 0, 0, "12345678");
  std::size_t position = 0;
  ASSERT_TRUE(scanner.Next(bytes, position).has_value());
  EXPECT_EQ(position, 24U + 9);
  ASSERT_TRUE(scanner.Next(bytes, position).has_value());
  EXPECT_EQ(position, 24U + 9 + 9);
}

}  // namespace
}  // namespace credential_broker::h2
