#include "http/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <optional>

#include "base/strings.h"
#include "http/request_head.h"

namespace credential_broker::http {
namespace {

constexpr int kBadRequest = 400;
constexpr int kMisdirected = 421;
constexpr int kHeadTooLarge = 431;
constexpr int kInternalError = 500;

std::string_view Phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case kBadRequest:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case kMisdirected:
      return "Misdirected Request";
    case kHeadTooLarge:
      return "Request Header Fields Too Large";
    case kInternalError:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "";
  }
}

std::string Serialize(const Response& response, bool with_body) {
  std::string text = StrCat("HTTP/1.1 ", response.status, " ", Phrase(response.status), "\r\n");
  for (const auto& [name, value] : HeadersOf(response)) {
    text += StrCat(name, ": ", value, "\r\n");
  }
  return StrCat(text, "connection: close\r\n\r\n", with_body ? response.body : "");
}

bool MayGoOn(ssize_t result) {
  return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

}  // namespace

Connection::~Connection() { close(socket_); }

short Connection::events() const {  // NOLINT(google-runtime-int)
  return phase_ == Phase::kWriting ? POLLOUT : POLLIN;
}

bool Connection::Proceed(const Site& site) {
  switch (phase_) {
    case Phase::kReading:
      return Read(site);
    case Phase::kWriting:
      return Write();
    case Phase::kLeaving:
      return Discard();
  }
  return false;
}

bool Connection::Read(const Site& site) {
  std::array<char, 4096> buffer;
  const ssize_t size = recv(socket_, buffer.data(), buffer.size(), 0);
  if (size <= 0) {
    return MayGoOn(size);
  }
  received_.append(buffer.data(), static_cast<std::size_t>(size));
  const std::optional<std::size_t> head = HeadSize(received_);
  if (!head.has_value() && received_.size() <= kMaxHead) {
    return true;
  }
  if (!head.has_value() || *head > kMaxHead) {
    answer_ = Serialize(
        Text(kHeadTooLarge, StrCat("the request's headers are larger than ", kMaxHead, " bytes")),
        true);
  } else {
    Answer(site, std::string_view(received_).substr(0, *head));
  }
  received_.clear();
  phase_ = Phase::kWriting;
  return Write();
}

void Connection::Answer(const Site& site, std::string_view head) {
  const absl::StatusOr<RequestHead> request = ParseRequestHead(head);
  if (!request.ok()) {
    answer_ = Serialize(Text(kBadRequest, ToStd(request.status().message())), true);
    return;
  }
  if (request->host.has_value() && !site.hosts.Allows(*request->host)) {
    answer_ = Serialize(Text(kMisdirected,
                             "this listener is on loopback and its pages are not for that Host; "
                             "use localhost or the address that it listens on"),
                        request->method != "HEAD");
    return;
  }
  try {
    answer_ = Serialize(http::Answer(site.pages, request->method, request->target),
                        request->method != "HEAD");
  } catch (const std::exception&) {  // such as no memory for a page
    answer_ = Serialize(Text(kInternalError, "the page could not be made"), true);
  }
}

bool Connection::Write() {
  while (written_ < answer_.size()) {
    const ssize_t size =
        send(socket_, answer_.data() + written_, answer_.size() - written_, MSG_NOSIGNAL);
    if (size < 0) {
      return MayGoOn(size);
    }
    written_ += static_cast<std::size_t>(size);
  }
  shutdown(socket_, SHUT_WR);
  phase_ = Phase::kLeaving;
  return true;
}

bool Connection::Discard() {
  std::array<char, 4096> buffer;
  const ssize_t size = recv(socket_, buffer.data(), buffer.size(), 0);
  return size > 0 || MayGoOn(size);
}

}  // namespace credential_broker::http
