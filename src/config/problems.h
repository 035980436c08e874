#ifndef CREDENTIAL_BROKER_CONFIG_PROBLEMS_H_
#define CREDENTIAL_BROKER_CONFIG_PROBLEMS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace credential_broker::config {

// Where a value stands. Line 0: not in the file; `key` is then the flag or the environment
// variable.
struct Place {
  int line = 0;
  std::string
      key;  // the path from the root, such as "credentials[0].name"; empty: the file as a whole
};

// What is wrong with a configuration: all of it, so that it is mended in one go; bounded, because a
// broken file may be wrong in every line. Not thread-safe.
class Problems {
 public:
  explicit Problems(std::string_view file) : file_(file) {}

  void Add(const Place& place, std::string_view what);

  bool empty() const { return found_.empty(); }

  // No more are kept: what is costly to word may be left out.
  bool full() const { return found_.size() >= kMost; }

  // OK where nothing was added, else INVALID_ARGUMENT with a line for each in the order of the
  // file.
  absl::Status ToStatus() const;

 private:
  static constexpr std::size_t kMost = 20;

  std::string file_;
  std::vector<std::pair<int, std::string>> found_;  // line and message
  std::size_t left_out_ = 0;
};

// `text` cut to `most` bytes; what is not printable ASCII becomes `\xNN`, so that a message stays
// one line.
std::string Printable(std::string_view text, std::size_t most = 60);

// The same in double quotes.
std::string Quoted(std::string_view text);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_PROBLEMS_H_
