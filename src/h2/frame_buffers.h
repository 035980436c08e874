#ifndef CREDENTIAL_BROKER_H2_FRAME_BUFFERS_H_
#define CREDENTIAL_BROKER_H2_FRAME_BUFFERS_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <vector>

#include "base/mutex.h"

namespace credential_broker::h2 {

// Memory for nghttp2, such that idle connections are small.
//
// Each session holds a buffer of 16 KB for the frame that is being sent, of which our frames, whose
// DATA goes another way, fill some hundred bytes. From malloc it would be memory that a TLS
// handshake has just used, so resident whole; here it is made of pages that nobody has touched. All
// smaller memory is malloc's.
//
// Thread-safe. Outlives its sessions.
class FrameBuffers {
 public:
  // Room for `count` buffers, address space only; malloc serves what goes beyond.
  explicit FrameBuffers(std::size_t count);
  FrameBuffers(const FrameBuffers&) = delete;
  FrameBuffers& operator=(const FrameBuffers&) = delete;
  ~FrameBuffers();

  // For nghttp2_session_server_new3, which copies it.
  nghttp2_mem* mem() { return &mem_; }

 private:
  bool Owns(const void* memory) const {
    const char* at = static_cast<const char*>(memory);
    return at >= begin_ && at < begin_ + size_;
  }
  void* Allocate(std::size_t size);
  void Free(void* memory);
  void* Reallocate(void* memory, std::size_t size);
  void* TakeBuffer();

  char* begin_ = nullptr;
  std::size_t size_ = 0;
  nghttp2_mem mem_;
  Mutex mutex_;
  std::size_t fresh_ ABSL_GUARDED_BY(mutex_) = 0;  // bytes from begin_ that were ever given out
  std::vector<char*> free_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_FRAME_BUFFERS_H_
