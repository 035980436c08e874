#include "rpc/wire_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "base/strings.h"

namespace credential_broker::rpc {
namespace {

bool IsBase64Character(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '/';
}

}  // namespace

std::string PercentEncode(std::string_view message) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(message.size());
  for (char c : message) {
    if (c >= ' ' && c <= '~' && c != '%') {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4U];
      encoded += kHex[byte & 0xFU];
    }
  }
  return encoded;
}

std::string EncodeBinary(std::string_view bytes) {
  std::string text = absl::Base64Escape(ToAbsl(bytes));
  text.erase(text.find_last_not_of('=') + 1);
  return text;
}

std::optional<std::string> DecodeBinary(std::string_view text) {
  // absl also takes blanks and odd padding.
  if (text.size() % 4 == 0 && !text.empty() && text.back() == '=') {
    text.remove_suffix(text[text.size() - 2] == '=' ? 2 : 1);
  }
  if (!std::all_of(text.begin(), text.end(), IsBase64Character)) {
    return std::nullopt;
  }
  std::string bytes;
  if (!absl::Base64Unescape(ToAbsl(text), &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

bool IsBinaryName(std::string_view name) {
  constexpr std::string_view kSuffix = "-bin";
  return name.size() > kSuffix.size() && name.substr(name.size() - kSuffix.size()) == kSuffix;
}

}  // namespace credential_broker::rpc
