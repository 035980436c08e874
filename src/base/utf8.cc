#include "base/utf8.h"

namespace credential_broker {
namespace {

struct Lead {
  std::size_t length;  // of the whole sequence; 0: no sequence starts so
  unsigned char
      low;  // bounds of the second byte, which is where overlong forms and surrogates show
  unsigned char high;
};

Lead LeadOf(unsigned char c) {
  if (c < 0x80) {
    return {1, 0, 0};
  }
  if (c >= 0xc2 && c <= 0xdf) {
    return {2, 0x80, 0xbf};
  }
  if (c >= 0xe0 && c <= 0xef) {
    return {3, static_cast<unsigned char>(c == 0xe0 ? 0xa0 : 0x80),
            static_cast<unsigned char>(c == 0xed ? 0x9f : 0xbf)};
  }
  if (c >= 0xf0 && c <= 0xf4) {
    return {4, static_cast<unsigned char>(c == 0xf0 ? 0x90 : 0x80),
            static_cast<unsigned char>(c == 0xf4 ? 0x8f : 0xbf)};
  }
  return {0, 0, 0};
}

bool IsSequence(std::string_view text, const Lead& lead) {
  if (lead.length == 0 || lead.length > text.size()) {
    return false;
  }
  for (std::size_t i = 1; i < lead.length; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const unsigned char low = i == 1 ? lead.low : 0x80;
    const unsigned char high = i == 1 ? lead.high : 0xbf;
    if (c < low || c > high) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::size_t FirstInvalidUtf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Lead lead = LeadOf(static_cast<unsigned char>(text[at]));
    if (!IsSequence(text.substr(at), lead)) {
      return at;
    }
    at += lead.length;
  }
  return std::string_view::npos;
}

}  // namespace credential_broker
