#include "upstream/wiping_memory.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "support/memory_probe.h"
#include "upstream/secret_char.h"

namespace credential_broker::upstream {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kSize = 4096;
constexpr std::string_view kPattern = "SSSSSSSSSSSSSSSS";

void* Filled(std::size_t size) {
  void* memory = std::malloc(size);
  std::memset(memory, 'S', size);
  return memory;
}

TEST(MemoryProbe, SeesWhatIsFreedWithoutBeingWiped) {
  void* memory = Filled(kSize);
  MemoryProbe probe(memory, kSize);
  ASSERT_EQ(probe.Read(), std::string(kSize, 'S'));
  std::free(memory);
  EXPECT_THAT(probe.Read(), HasSubstr(kPattern));
}

TEST(WipingFree, OverwritesEveryByte) {
  void* memory = Filled(kSize);
  MemoryProbe probe(memory, kSize);
  WipingFree(memory);
  EXPECT_THAT(probe.Read(), Not(HasSubstr(kPattern)));
}

TEST(WipingRealloc, OverwritesWhatItMovesAwayFrom) {
  void* memory = Filled(kSize);
  MemoryProbe probe(memory, kSize);
  void* larger = WipingRealloc(memory, 100 * kSize);
  EXPECT_THAT(probe.Read(), Not(HasSubstr(kPattern)));
  EXPECT_EQ(std::memcmp(larger, std::string(kSize, 'S').data(), kSize), 0);
  WipingFree(larger);
}

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

// What is left where a vector of kSize elements was, once it has grown out of it.
template <typename Vector>
std::string LeftBehindBy(Vector vector) {
  vector.assign(kSize, typename Vector::value_type{'S'});
  vector.shrink_to_fit();
  MemoryProbe probe(vector.data(), kSize);
  vector.push_back(vector.front());
  return probe.Read();
}

TEST(WipingAllocator, OverwritesWhatAVectorGrowsOutOf) {
  EXPECT_THAT(LeftBehindBy(std::vector<char>()), HasSubstr(kPattern));
  EXPECT_THAT(LeftBehindBy(std::vector<char, WipingAllocator<char>>()), Not(HasSubstr(kPattern)));
}

TEST(WipingAllocator, IsWhatAVectorOfSecretCharHas) {
  EXPECT_THAT(LeftBehindBy(std::vector<SecretChar>()), Not(HasSubstr(kPattern)));
}

TEST(WipingFree, TakesNull) { WipingFree(nullptr); }

}  // namespace
}  // namespace credential_broker::upstream
