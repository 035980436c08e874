#include "observe/log_ring.h"

#include <algorithm>
#include <cstring>

namespace credential_broker::observe {

LogRing::LogRing(std::size_t capacity)
    : capacity_(capacity), bytes_(std::make_unique_for_overwrite<char[]>(capacity)) {}

bool LogRing::Append(std::string_view line) {
  if (line.size() > capacity_ - size_) {
    return false;
  }
  const std::size_t end = (begin_ + size_) % capacity_;
  const std::size_t before_wrap = std::min(line.size(), capacity_ - end);
  std::memcpy(bytes_.get() + end, line.data(), before_wrap);
  std::memcpy(bytes_.get(), line.data() + before_wrap, line.size() - before_wrap);
  size_ += line.size();
  return true;
}

std::size_t LogRing::Peek(absl::Span<char> into) const {
  const std::size_t size = std::min(size_, into.size());
  const std::size_t before_wrap = std::min(size, capacity_ - begin_);
  std::memcpy(into.data(), bytes_.get() + begin_, before_wrap);
  std::memcpy(into.data() + before_wrap, bytes_.get(), size - before_wrap);
  const std::size_t last_end = std::string_view(into.data(), size).rfind('\n');
  return last_end == std::string_view::npos ? size : last_end + 1;
}

void LogRing::Remove(std::size_t size) {
  size_ -= std::min(size, size_);
  // From the start again whenever it is empty: the pages that are touched stay few.
  begin_ = size_ == 0 ? 0 : (begin_ + size) % capacity_;
}

std::size_t LogRing::RemoveLines(std::size_t size) {
  std::size_t lines = 0;
  std::size_t at = 0;
  bool within_line = true;
  while (at < size_ && (at < size || within_line)) {
    within_line = At(at) != '\n';
    lines += within_line ? 0 : 1;
    ++at;
  }
  Remove(at);
  return lines;
}

}  // namespace credential_broker::observe
