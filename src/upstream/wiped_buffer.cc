#include "upstream/wiped_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/secret.h"

namespace credential_broker::upstream {

WipedBuffer::WipedBuffer(WipedBuffer&& other) noexcept
    : data_(std::move(other.data_)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

WipedBuffer& WipedBuffer::operator=(WipedBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

WipedBuffer::~WipedBuffer() {
  if (data_ != nullptr) {
    Wipe(data_.get(), capacity_);
  }
}

void WipedBuffer::Append(std::string_view bytes) {
  if (bytes.empty()) {
    return;
  }
  if (bytes.size() > capacity_ - size_) {
    WipedBuffer larger;
    larger.capacity_ = std::max<std::size_t>({1024, 2 * capacity_, size_ + bytes.size()});
    larger.data_ = std::make_unique<char[]>(larger.capacity_);
    if (size_ > 0) {
      std::memcpy(larger.data_.get(), data_.get(), size_);
    }
    larger.size_ = size_;
    *this = std::move(larger);
  }
  std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

}  // namespace credential_broker::upstream
