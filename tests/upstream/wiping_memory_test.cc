#include "upstream/wiping_memory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

namespace credential_broker::upstream {
namespace {

TEST(WipingRealloc, KeepsWhatFits) {
  auto* memory = static_cast<char*>(WipingRealloc(nullptr, 4));
  std::memcpy(memory, "abc", 4);
  memory = static_cast<char*>(WipingRealloc(memory, 100'000));
  EXPECT_STREQ(memory, "abc");
  memory = static_cast<char*>(WipingRealloc(memory, 2));
  EXPECT_EQ(std::memcmp(memory, "ab", 2), 0);
  WipingFree(memory);
}

TEST(WipingRealloc, GivesMemoryForNoBytesToo) {
  void* memory = WipingRealloc(std::malloc(8), 0);
  EXPECT_NE(memory, nullptr);
  WipingFree(memory);
}

TEST(WipingFree, TakesNull) { WipingFree(nullptr); }

}  // namespace
}  // namespace credential_broker::upstream
