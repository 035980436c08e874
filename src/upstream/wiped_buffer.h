#ifndef CREDENTIAL_BROKER_UPSTREAM_WIPED_BUFFER_H_
#define CREDENTIAL_BROKER_UPSTREAM_WIPED_BUFFER_H_

#include <cstddef>
#include <memory>
#include <string_view>

namespace credential_broker::upstream {

// Bytes that hold a secret for a short while: a request or an answer on its way. It grows, unlike
// Secret, and every piece of memory that it leaves is wiped. Ordinary memory: keep what lasts in a
// Secret.
class WipedBuffer {
 public:
  WipedBuffer() = default;
  WipedBuffer(WipedBuffer&& other) noexcept;
  WipedBuffer& operator=(WipedBuffer&& other) noexcept;
  WipedBuffer(const WipedBuffer&) = delete;
  WipedBuffer& operator=(const WipedBuffer&) = delete;
  ~WipedBuffer();

  void Append(std::string_view bytes);

  // Valid until the next Append.
  std::string_view view() const { return {data_.get(), size_}; }
  std::size_t size() const { return size_; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_WIPED_BUFFER_H_
