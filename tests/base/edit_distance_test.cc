#include "base/edit_distance.h"

#include <gtest/gtest.h>

namespace credential_broker {
namespace {

TEST(EditDistance, CountsSingleLetters) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("listen", "listen"), 0U);
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("abc", ""), 3U);
  EXPECT_EQ(EditDistance("lisen", "listen"), 1U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
}

}  // namespace
}  // namespace credential_broker
