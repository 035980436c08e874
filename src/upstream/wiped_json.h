#ifndef CREDENTIAL_BROKER_UPSTREAM_WIPED_JSON_H_
#define CREDENTIAL_BROKER_UPSTREAM_WIPED_JSON_H_

#include <cstddef>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "upstream/wiping_memory.h"

namespace credential_broker::upstream {

// A byte of JSON text that holds secrets. nlohmann's parser collects each token twice: in a string
// of the JSON type, and in a std::vector of what it reads the text from. A type of our own for the
// latter is what gives that vector an allocator that wipes.
enum class SecretChar : unsigned char {};

using WipedString = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;
using WipedJson = nlohmann::basic_json<std::map, std::vector, WipedString>;

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

  explicit SecretCharIterator(const char* at) : at_(at) {}

  SecretChar operator*() const { return static_cast<SecretChar>(*at_); }
  SecretCharIterator& operator++() {
    ++at_;
    return *this;
  }
  SecretCharIterator operator++(int) { return SecretCharIterator(at_++); }
  bool operator==(const SecretCharIterator&) const = default;

 private:
  const char* at_;
};

// Calls `reader` for each piece of `json`, as nlohmann's sax_parse does. Where the text is valid,
// no copy of a token stays in memory that has been freed.
template <typename Reader>
bool SaxParseWiped(std::string_view json, Reader* reader) {
  return WipedJson::sax_parse(SecretCharIterator(json.data()),
                              SecretCharIterator(json.data() + json.size()), reader);
}

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

#endif  // CREDENTIAL_BROKER_UPSTREAM_WIPED_JSON_H_
