#include "config/problems.h"

#include <algorithm>

#include "base/strings.h"

namespace credential_broker::config {

void Problems::Add(const Place& place, std::string_view what) {
  if (full()) {
    ++left_out_;
    return;
  }
  std::string message;
  if (place.line > 0) {
    message = StrCat(file_, ":", place.line, ": ");
  }
  if (!place.key.empty()) {
    message += StrCat(place.key, ": ");
  }
  message += what;
  found_.emplace_back(place.line, std::move(message));
}

absl::Status Problems::ToStatus() const {
  if (found_.empty()) {
    return absl::OkStatus();
  }
  std::vector<std::pair<int, std::string>> sorted = found_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  for (const auto& [line, message] : sorted) {
    text += StrCat(text.empty() ? "" : "\n", message);
  }
  if (left_out_ > 0) {
    text += StrCat("\n", file_, ": and ", left_out_, " more");
  }
  return absl::InvalidArgumentError(text);
}

std::string Printable(std::string_view text, std::size_t most) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string shown;
  for (const char c : text.substr(0, most)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      shown += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      shown += c;
    }
  }
  if (text.size() > most) {
    shown += "…";
  }
  return shown;
}

std::string Quoted(std::string_view text) { return StrCat("\"", Printable(text), "\""); }

}  // namespace credential_broker::config
