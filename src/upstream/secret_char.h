#ifndef CREDENTIAL_BROKER_UPSTREAM_SECRET_CHAR_H_
#define CREDENTIAL_BROKER_UPSTREAM_SECRET_CHAR_H_

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "upstream/wiping_memory.h"

namespace credential_broker::upstream {

// A byte of text that holds secrets. A std::vector of it wipes the memory that it gives back, also
// one that a library has: nlohmann's parser collects each token in a vector of what it reads.
enum class SecretChar : unsigned char {};

// Reads text as SecretChar, without a copy.
class SecretCharIterator {
 public:
  // NOLINTBEGIN(readability-identifier-naming): the standard names them
  using iterator_category = std::input_iterator_tag;
  using value_type = SecretChar;
  using difference_type = std::ptrdiff_t;
  using pointer = const SecretChar*;
  using reference = SecretChar;
  // NOLINTEND(readability-identifier-naming)

  explicit SecretCharIterator(std::string_view::const_iterator at) : at_(at) {}

  SecretChar operator*() const { return static_cast<SecretChar>(*at_); }
  SecretCharIterator& operator++() {
    ++at_;
    return *this;
  }
  SecretCharIterator operator++(int) { return SecretCharIterator(at_++); }
  bool operator==(const SecretCharIterator&) const = default;

 private:
  std::string_view::const_iterator at_;
};

}  // namespace credential_broker::upstream

template <>
struct std::char_traits<credential_broker::upstream::SecretChar> {
  // NOLINTBEGIN(readability-identifier-naming): the standard names them
  using char_type = credential_broker::upstream::SecretChar;
  using int_type = int;

  static constexpr int_type to_int_type(char_type c) { return static_cast<int_type>(c); }
  static constexpr char_type to_char_type(int_type c) { return static_cast<char_type>(c); }
  static constexpr int_type eof() { return -1; }
  // NOLINTEND(readability-identifier-naming)
};

template <>
struct std::allocator<credential_broker::upstream::SecretChar>
    : credential_broker::upstream::WipingAllocator<credential_broker::upstream::SecretChar> {
  allocator() = default;
  template <typename T>
  explicit(false) allocator(const allocator<T>&) {}
};

#endif  // CREDENTIAL_BROKER_UPSTREAM_SECRET_CHAR_H_
