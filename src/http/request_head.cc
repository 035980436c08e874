#include "http/request_head.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/strings.h"

namespace credential_broker::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

bool IsMethod(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool IsTarget(std::string_view text) {
  return text.starts_with('/') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// RFC 9110 §5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [kOthers](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           kOthers.find(c) != std::string_view::npos;
  });
}

// RFC 9110 §5.5: no control character but the tab.
bool IsFieldValue(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || !absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
}

// The characters of uri-host and port (RFC 3986 §3.2.2).
bool IsHost(std::string_view text) {
  constexpr std::string_view kOthers = "-._~%!$&'()*+,;=[]:";
  return std::all_of(text.begin(), text.end(), [kOthers](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           kOthers.find(c) != std::string_view::npos;
  });
}

// Removes the first line from `text`, and returns it without its end.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find(kLineEnd);
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + kLineEnd.size());
  return line;
}

absl::Status Malformed(std::string_view what) { return absl::InvalidArgumentError(ToAbsl(what)); }

// Checks the fields, and sets `host`.
absl::Status ReadFields(std::string_view fields, std::optional<std::string>& host) {
  for (std::string_view line = TakeLine(fields); !line.empty(); line = TakeLine(fields)) {
    const std::size_t colon = line.find(':');
    // A space before the colon, or a folded line, is read differently by different servers
    // (RFC 9112 §5.1, §5.2): neither has a name that is a token.
    if (colon == std::string_view::npos || !IsToken(line.substr(0, colon)) ||
        !IsFieldValue(line.substr(colon + 1))) {
      return Malformed("a header field is malformed");
    }
    if (!absl::EqualsIgnoreCase(ToAbsl(line.substr(0, colon)), "host")) {
      continue;
    }
    const std::string_view value =
        ToStd(absl::StripAsciiWhitespace(ToAbsl(line.substr(colon + 1))));
    if (host.has_value() || !IsHost(value)) {
      return Malformed(host.has_value() ? "there is more than one Host header"
                                        : "the Host header is malformed");
    }
    host = std::string(value);
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<std::size_t> HeadSize(std::string_view bytes) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t end = bytes.find(kEnd);
  return end == std::string_view::npos ? std::nullopt : std::optional(end + kEnd.size());
}

absl::StatusOr<RequestHead> ParseRequestHead(std::string_view head) {
  const std::string_view line = TakeLine(head);
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || method_end == target_end) {
    return Malformed("this is not an HTTP/1.1 request");
  }
  const std::string_view method = line.substr(0, method_end);
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  const std::string_view version = line.substr(target_end + 1);
  if (!IsMethod(method) || !IsTarget(target) || (version != "HTTP/1.1" && version != "HTTP/1.0")) {
    return Malformed("this is not an HTTP/1.1 request");
  }
  RequestHead request{std::string(method), std::string(target), {}};
  if (absl::Status status = ReadFields(head, request.host); !status.ok()) {
    return status;
  }
  if (!request.host.has_value() && version == "HTTP/1.1") {
    return Malformed("HTTP/1.1 requires a Host header");
  }
  return request;
}

}  // namespace credential_broker::http
