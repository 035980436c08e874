#include "sandbox/http1.h"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/strings.h"
#include "sandbox/error_reply.h"

namespace credential_broker::sandbox {
namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

std::string PercentDecode(absl::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::uint32_t byte = 0;
    if (text[i] == '%' && i + 2 < text.size() && absl::ascii_isxdigit(text[i + 1]) &&
        absl::ascii_isxdigit(text[i + 2]) && absl::SimpleHexAtoi(text.substr(i + 1, 2), &byte)) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

// Fills in method, path, query and keep_alive. False: no request line of HTTP/1.x.
bool ParseRequestLine(absl::string_view line, Request& request) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  if (words.size() != 3 || words[0].empty() || !absl::StartsWith(words[1], "/")) {
    return false;
  }
  if (words[2] != "HTTP/1.1" && words[2] != "HTTP/1.0") {
    return false;
  }
  request.method = ToStd(words[0]);
  request.keep_alive = words[2] == "HTTP/1.1";
  const std::pair<absl::string_view, absl::string_view> target =
      absl::StrSplit(words[1], absl::MaxSplits('?', 1));
  request.path = ToStd(target.first);
  for (const absl::string_view parameter : absl::StrSplit(target.second, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(parameter, absl::MaxSplits('=', 1));
    request.query.emplace_back(PercentDecode(parts.first), PercentDecode(parts.second));
  }
  return true;
}

// Takes in one header. The status to refuse the request with, if it is to be.
std::optional<int> TakeHeader(absl::string_view name, absl::string_view value, RequestHead& head) {
  if (absl::EqualsIgnoreCase(name, "content-length")) {
    std::size_t length = 0;
    if (value.empty() || !absl::ascii_isdigit(value[0]) || !absl::SimpleAtoi(value, &length)) {
      return 400;
    }
    head.content_length = length;
    return length > kMaxBody ? std::optional<int>(413) : std::nullopt;
  }
  if (absl::EqualsIgnoreCase(name, "transfer-encoding")) {
    return 411;
  }
  if (absl::EqualsIgnoreCase(name, "authorization")) {
    head.request.authorization = ToStd(value);
  } else if (absl::EqualsIgnoreCase(name, "connection")) {
    head.request.keep_alive = absl::EqualsIgnoreCase(value, "keep-alive") ||
                              (head.request.keep_alive && !absl::EqualsIgnoreCase(value, "close"));
  } else if (absl::EqualsIgnoreCase(name, "expect")) {
    head.expects_continue = absl::EqualsIgnoreCase(value, "100-continue");
  }
  return std::nullopt;
}

}  // namespace

std::variant<RequestHead, BadRequest> ParseHead(std::string_view head_text) {
  const std::vector<absl::string_view> lines = absl::StrSplit(ToAbsl(head_text), "\r\n");
  RequestHead head;
  if (!ParseRequestLine(lines[0], head.request)) {
    return BadRequest{400};
  }
  int lengths = 0;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::size_t colon = lines[i].find(':');
    const absl::string_view name = lines[i].substr(0, colon);
    if (colon == absl::string_view::npos || name.empty() ||
        name.find_first_of(" \t") != absl::string_view::npos) {
      return BadRequest{400};
    }
    lengths += absl::EqualsIgnoreCase(name, "content-length") ? 1 : 0;
    const auto refused =
        TakeHeader(name, absl::StripAsciiWhitespace(lines[i].substr(colon + 1)), head);
    if (refused.has_value() || lengths > 1) {
      return BadRequest{refused.value_or(400)};
    }
  }
  return head;
}

std::variant<Request, BadRequest, EndOfStream> RequestReader::Next() {
  std::size_t end = 0;
  while ((end = buffer_.find(kEndOfHead)) == std::string::npos) {
    if (buffer_.size() > kMaxHead) {
      return BadRequest{431};
    }
    if (!ReadMore()) {
      return EndOfStream{};
    }
  }
  if (end > kMaxHead) {
    return BadRequest{431};
  }
  auto parsed = ParseHead({buffer_.data(), end});
  if (const auto* bad = std::get_if<BadRequest>(&parsed)) {
    return *bad;
  }
  auto& head = std::get<RequestHead>(parsed);
  const std::size_t body = end + kEndOfHead.size();
  if (head.expects_continue && buffer_.size() < body + head.content_length &&
      !stream_.Write("HTTP/1.1 100 Continue\r\n\r\n")) {
    return EndOfStream{};
  }
  while (buffer_.size() < body + head.content_length) {
    if (!ReadMore()) {
      return EndOfStream{};
    }
  }
  head.request.body = buffer_.substr(body, head.content_length);
  buffer_.erase(0, body + head.content_length);
  return std::move(head.request);
}

bool RequestReader::ReadMore() {
  std::array<char, 4096> bytes;
  const std::size_t size = stream_.Read(bytes.data(), bytes.size());
  buffer_.append(bytes.data(), size);
  return size > 0;
}

std::string Serialize(const Reply& reply) {
  std::string text = StrCat("HTTP/1.1 ", reply.status, " ", StatusTitle(reply.status), "\r\n");
  for (const auto& [name, value] : reply.headers) {
    absl::StrAppend(&text, name, ": ", value, "\r\n");
  }
  if (reply.close) {
    absl::StrAppend(&text, "Connection: close\r\n");
  }
  if (reply.status == 204 || reply.status == 304) {
    return text + "\r\n";
  }
  absl::StrAppend(&text, "Content-Type: ", reply.content_type,
                  "\r\nContent-Length: ", reply.body.size(), "\r\n\r\n", reply.body);
  return text;
}

}  // namespace credential_broker::sandbox
