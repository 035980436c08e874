#include "h2/frame_buffers.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

namespace credential_broker::h2 {
namespace {

constexpr std::size_t kFrameBuffer = 16394;  // what nghttp2 1.52 asks for

class FrameBuffersTest : public ::testing::Test {
 protected:
  void* Allocate(std::size_t size) { return mem_->realloc(nullptr, size, mem_->mem_user_data); }
  void* Reallocate(void* p, std::size_t size) {
    return mem_->realloc(p, size, mem_->mem_user_data);
  }
  void Free(void* p) { mem_->free(p, mem_->mem_user_data); }

  FrameBuffers buffers_{2};
  nghttp2_mem* mem_ = buffers_.mem();
};

TEST_F(FrameBuffersTest, GivesBuffersBackOutAndMoreThanItHasRoomFor) {
  std::set<void*> distinct;
  for (int i = 0; i < 3; ++i) {
    void* buffer = Allocate(kFrameBuffer);
    ASSERT_NE(buffer, nullptr);
    std::memset(buffer, i, kFrameBuffer);
    distinct.insert(buffer);
  }
  EXPECT_EQ(distinct.size(), 3U);
  for (void* buffer : distinct) {
    Free(buffer);
  }
  void* again = Allocate(kFrameBuffer);
  EXPECT_EQ(distinct.count(again), 1U);
  Free(again);
}

TEST_F(FrameBuffersTest, KeepsWhatIsInABufferThatGrows) {
  auto* buffer = static_cast<char*>(Allocate(kFrameBuffer));
  std::memset(buffer, 'b', kFrameBuffer);
  buffer = static_cast<char*>(Reallocate(buffer, 18000));
  buffer = static_cast<char*>(Reallocate(buffer, 100000));
  EXPECT_EQ(buffer[0], 'b');
  EXPECT_EQ(buffer[kFrameBuffer - 1], 'b');
  Free(buffer);
}

TEST_F(FrameBuffersTest, SmallMemoryIsMallocs) {
  void* small = mem_->malloc(100, mem_->mem_user_data);
  small = Reallocate(small, 200);
  Free(small);
  void* zero = mem_->calloc(10, 10, mem_->mem_user_data);
  EXPECT_EQ(static_cast<char*>(zero)[99], 0);
  Free(zero);
  Free(nullptr);
}

}  // namespace
}  // namespace credential_broker::h2
