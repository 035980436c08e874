#include "base/utf8.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace credential_broker {
namespace {

TEST(FirstInvalidUtf8, TakesWhatIsWellFormed) {
  for (const char* text : {"", "ascii", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                           "\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(FirstInvalidUtf8(text), std::string_view::npos) << text;
  }
  EXPECT_EQ(FirstInvalidUtf8(std::string_view("\0", 1)), std::string_view::npos);
}

TEST(FirstInvalidUtf8, PointsAtWhatIsNot) {
  const std::vector<std::pair<std::string, std::size_t>> table = {
      {"\x80", 0},              // continuation without a lead
      {"ab\xc3", 2},            // cut off
      {"a\xc3(", 1},            // lead without continuation
      {"\xc0\xaf", 0},          // overlong
      {"\xe0\x9f\xbf", 0},      // overlong
      {"\xf0\x8f\xbf\xbf", 0},  // overlong
      {"\xed\xa0\x80", 0},      // surrogate
      {"\xf4\x90\x80\x80", 0},  // above U+10FFFF
      {"\xff\xfe"
       "a",
       0},              // UTF-16's mark
      {"\xe2\x82", 0},  // cut off
  };
  for (const auto& [text, at] : table) {
    EXPECT_EQ(FirstInvalidUtf8(text), at) << text;
  }
}

}  // namespace
}  // namespace credential_broker
