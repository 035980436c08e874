#include "http_connection/strict_request.h"

#include <cstring>

namespace credential_broker::http {
namespace {

bool IsOneOf(char c, const char* set) { return c != '\0' && std::strchr(set, c) != nullptr; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLetterOrDigit(char c) {
  return IsUpper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool IsTokenCharacter(char c) { return IsLetterOrDigit(c) || IsOneOf(c, "!#$%&'*+-.^_`|~"); }
bool IsHostCharacter(char c) { return IsLetterOrDigit(c) || IsOneOf(c, "-._~%!$&'()*+,;=[]:"); }
bool IsValueCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

// Reads a header section whose end is known. The functions return whether what they expect was
// there.
class Reader {
 public:
  explicit Reader(std::string_view section) : left_(section) {}

  bool RequestLine(StrictRequest& request) {
    request.method = While(IsUpper);
    if (request.method.empty() || !Literal(" ") || Peek() != '/') {
      return false;
    }
    request.target = While([](char c) { return c > ' ' && c < '\x7f'; });
    if (!Literal(" HTTP/1.")) {
      return false;
    }
    request.http11 = Peek() == '1';
    return (Literal("1") || Literal("0")) && Literal("\r\n");
  }

  bool Field(StrictRequest& request) {
    std::string name = While(IsTokenCharacter);
    if (name.empty() || !Literal(":")) {
      return false;
    }
    std::string value = While(IsValueCharacter);
    if (!Literal("\r\n")) {
      return false;
    }
    for (char& c : name) {
      c = IsUpper(c) ? static_cast<char>(c + ('a' - 'A')) : c;
    }
    if (name == "host") {
      return Host(value, request);
    }
    return true;
  }

  bool Literal(std::string_view text) {
    if (left_.substr(0, text.size()) != text) {
      return false;
    }
    left_.remove_prefix(text.size());
    return true;
  }
  bool AtEnd() const { return left_.empty(); }

 private:
  static bool Host(std::string value, StrictRequest& request) {
    while (!value.empty() && IsOneOf(value.back(), " \t")) {
      value.pop_back();
    }
    value.erase(0, value.find_first_not_of(" \t"));
    for (const char c : value) {
      if (!IsHostCharacter(c)) {
        return false;
      }
    }
    request.hosts.push_back(value);
    return true;
  }

  char Peek() const { return left_.empty() ? '\0' : left_.front(); }
  template <typename Predicate>
  std::string While(Predicate accepts) {
    std::string taken;
    while (!left_.empty() && accepts(left_.front())) {
      taken += left_.front();
      left_.remove_prefix(1);
    }
    return taken;
  }

  std::string_view left_;
};

// Where the first empty line ends, or 0.
std::size_t SectionSize(std::string_view bytes) {
  static constexpr std::string_view kEnd = "\r\n\r\n";
  std::size_t matched = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == kEnd[matched]) {
      ++matched;
    } else {
      matched = bytes[i] == '\r' ? 1 : 0;
    }
    if (matched == kEnd.size()) {
      return i + 1;
    }
  }
  return 0;
}

}  // namespace

StrictRequest StrictRequest::Read(std::string_view bytes) {
  StrictRequest request;
  request.size = SectionSize(bytes);
  Reader reader(bytes.substr(0, request.size));
  if (request.size == 0 || !reader.RequestLine(request)) {
    return request;
  }
  while (!reader.Literal("\r\n")) {
    if (!reader.Field(request)) {
      return request;
    }
  }
  request.valid =
      reader.AtEnd() && request.hosts.size() <= 1 && (request.hosts.size() == 1 || !request.http11);
  return request;
}

}  // namespace credential_broker::http
