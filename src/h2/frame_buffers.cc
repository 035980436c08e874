#include "h2/frame_buffers.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace credential_broker::h2 {
namespace {

// nghttp2's buffer is a frame header, a padding length and a frame of 16 KiB; a slot is whole
// pages.
constexpr std::size_t kLeast = 16 * 1024;
constexpr std::size_t kSlot = 20 * 1024;

}  // namespace

FrameBuffers::FrameBuffers(std::size_t count)
    : mem_{this,
           [](std::size_t size, void* self) {
             return static_cast<FrameBuffers*>(self)->Allocate(size);
           },
           [](void* memory, void* self) { static_cast<FrameBuffers*>(self)->Free(memory); },
           [](std::size_t n, std::size_t size, void*) { return std::calloc(n, size); },
           [](void* memory, std::size_t size, void* self) {
             return static_cast<FrameBuffers*>(self)->Reallocate(memory, size);
           }} {
  void* reserved = ::mmap(nullptr, count * kSlot, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved != MAP_FAILED) {
    begin_ = static_cast<char*>(reserved);
    size_ = count * kSlot;
    // A huge page would make resident what is not touched.
    ::madvise(begin_, size_, MADV_NOHUGEPAGE);
  }
}

FrameBuffers::~FrameBuffers() {
  if (begin_ != nullptr) {
    ::munmap(begin_, size_);
  }
}

void* FrameBuffers::TakeBuffer() {
  MutexLock lock(mutex_);
  if (!free_.empty()) {
    char* buffer = free_.back();
    free_.pop_back();
    return buffer;
  }
  if (fresh_ == size_) {
    return nullptr;
  }
  char* buffer = begin_ + fresh_;
  fresh_ += kSlot;
  return buffer;
}

void* FrameBuffers::Allocate(std::size_t size) {
  if (size >= kLeast && size <= kSlot) {
    if (void* buffer = TakeBuffer(); buffer != nullptr) {
      return buffer;
    }
  }
  return std::malloc(size);
}

void FrameBuffers::Free(void* memory) {
  if (!Owns(memory)) {
    std::free(memory);
    return;
  }
  // What a long header list has touched goes back to the system; the first page serves the next
  // connection.
  constexpr std::size_t kPage = 4096;
  ::madvise(static_cast<char*>(memory) + kPage, kSlot - kPage, MADV_DONTNEED);
  MutexLock lock(mutex_);
  free_.push_back(static_cast<char*>(memory));
}

void* FrameBuffers::Reallocate(void* memory, std::size_t size) {
  if (memory == nullptr) {
    return Allocate(size);
  }
  if (!Owns(memory)) {
    return std::realloc(memory, size);
  }
  if (size <= kSlot) {
    return memory;
  }
  void* larger = std::malloc(size);
  if (larger != nullptr) {
    std::memcpy(larger, memory, kSlot);
    Free(memory);
  }
  return larger;
}

}  // namespace credential_broker::h2
