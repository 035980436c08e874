#ifndef CREDENTIAL_BROKER_OBSERVE_LOG_RING_H_
#define CREDENTIAL_BROKER_OBSERVE_LOG_RING_H_

#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/types/span.h"

namespace credential_broker::observe {

// A queue of log lines in a fixed amount of memory. Pages that were never filled are never touched,
// so a ring that stays nearly empty costs almost nothing. Not thread-safe.
class LogRing {
 public:
  explicit LogRing(std::size_t capacity);

  // Appends the whole line, its line end included. Returns false, and appends nothing, if there is
  // no room for all of it.
  bool Append(std::string_view line);

  // Copies the oldest bytes to `into` and returns their number. They end with a line unless the
  // oldest line is longer than `into`. Returns 0 if the ring is empty.
  std::size_t Peek(absl::Span<char> into) const;

  // Removes the oldest `size` bytes, at most those that there are.
  void Remove(std::size_t size);

  // Removes the oldest `size` bytes, and the rest of the line in which they end. Returns the number
  // of line ends removed.
  std::size_t RemoveLines(std::size_t size);

  bool empty() const { return size_ == 0; }

 private:
  char At(std::size_t offset) const { return bytes_[(begin_ + offset) % capacity_]; }

  const std::size_t capacity_;
  const std::unique_ptr<char[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_LOG_RING_H_
