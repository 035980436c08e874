// A connection of the http listener, its bytes in any pieces, over a real socket.
//
// The input: a byte that says which listener it is and how the client behaves, a byte that decides
// how the rest is cut into pieces, and the rest, which the client sends.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sanitizer/allocator_interface.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "http/connection.h"
#include "http_connection/strict_request.h"

namespace credential_broker::http {
namespace {

void Require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

constexpr std::string_view kPage = "the page\n";
constexpr std::string_view kQueryPage = "the page of a query\n";
constexpr std::size_t kLargePage = std::size_t{300} * 1024;  // does not fit in a socket's buffer
// What a connection may hold of its client's bytes: two reads beyond the limit, and a string grows
// to twice its size.
constexpr std::size_t kMaxHeldRequest = 2 * (Connection::kMaxHead + 2 * 4096);
constexpr std::size_t kMaxHeldResponse = 4 * kLargePage;

enum Behaviour : std::uint8_t {
  kOnLoopback = 1,
  kReadsLittle = 2,
  kHalfCloses = 4,
  kLeavesEarly = 8,
};

// The site at a loopback listener, where Host is checked, or at one where any is allowed.
class FuzzSite {
 public:
  explicit FuzzSite(bool on_loopback)
      : site_{{{"/page", [this] { return Made(Text(200, "the page")); }},
               {"/page?verbose", [this] { return Made(Text(200, "the page of a query")); }},
               {"/broken", [this] { return Made(Text(kServiceUnavailable, "not now")); }},
               {"/large", [this] { return Made(Text(200, std::string(kLargePage, 'x'))); }}},
              Hosts(on_loopback)} {}

  const Site& site() const { return site_; }
  // Since the last call.
  int TakeMade() { return std::exchange(made_, 0); }

 private:
  static AllowedHosts Hosts(bool on_loopback) {
    const int listener = ::socket(on_loopback ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (on_loopback) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 6);  // 127.0.0.7
      Require(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0,
              "bind");
    }
    AllowedHosts hosts = AllowedHosts::For(listener);
    ::close(listener);
    return hosts;
  }
  Response Made(Response response) {
    ++made_;
    return response;
  }

  int made_ = 0;
  const Site site_;
};

// Sends `bytes` in pieces that follow from `seed`, and returns what comes back.
class Exchange {
 public:
  Exchange(const Site& site, std::uint8_t behaviour) : site_(site), behaviour_(behaviour) {
    std::array<int, 2> sockets{};
    Require(
        ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets.data()) == 0,
        "socketpair");
    client_ = sockets[0];
    connection_.emplace(sockets[1], BootTime::InfiniteFuture());
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() { CloseClient(); }

  std::string Run(std::string_view bytes, std::minstd_rand pieces) {
    while (!bytes.empty() && connection_.has_value()) {
      const std::size_t most = std::size_t{1} << (pieces() % 14);
      const std::size_t size = std::min<std::size_t>(bytes.size(), 1 + pieces() % most);
      const ssize_t sent = ::send(client_, bytes.data(), size, MSG_NOSIGNAL);
      bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
      Turn();
    }
    if ((behaviour_ & kLeavesEarly) != 0) {
      CloseClient();
    } else if ((behaviour_ & kHalfCloses) != 0) {
      ::shutdown(client_, SHUT_WR);
    }
    TurnWhileThereIsSomethingToDo();
    Require(response_.empty() || received_end_ || client_ < 0, "a response is sent to its end");
    CloseClient();
    TurnWhileThereIsSomethingToDo();
    Require(!connection_.has_value(), "a connection is over when its client has closed");
    return response_;
  }

 private:
  void CloseClient() {
    if (client_ >= 0) {
      ::close(std::exchange(client_, -1));
    }
  }

  void TurnWhileThereIsSomethingToDo() {
    constexpr int kMany = 5000;
    int turns = 0;
    while (Turn()) {
      Require(++turns < kMany, "a connection does not keep its thread busy");
    }
  }

  // As the server's thread does it. True: something happened.
  bool Turn() {
    const bool proceeded = Proceed();
    return Receive() || proceeded;
  }

  bool Proceed() {
    if (!connection_.has_value()) {
      return false;
    }
    pollfd polled{connection_->socket(), connection_->events(), 0};
    if (::poll(&polled, 1, 0) <= 0) {
      return false;
    }
    const std::size_t before = __sanitizer_get_current_allocated_bytes();
    const bool goes_on = connection_->Proceed(site_);
    held_ += __sanitizer_get_current_allocated_bytes() - before;
    // A response that has begun is known by what the client has received, or by what it waits for.
    answered_ = answered_ || connection_->events() == POLLOUT || Readable();
    Require(held_ <= (answered_ ? kMaxHeldResponse : kMaxHeldRequest),
            "a connection holds no more than its limits");
    if (!goes_on) {
      connection_.reset();
    }
    return true;
  }

  bool Readable() const {
    pollfd polled{client_, POLLIN, 0};
    return ::poll(&polled, 1, 0) > 0;
  }

  bool Receive() {
    std::array<char, 65536> buffer;
    const std::size_t most = (behaviour_ & kReadsLittle) != 0 ? 1000 : buffer.size();
    const ssize_t size = client_ < 0 ? -1 : ::recv(client_, buffer.data(), most, 0);
    if (size > 0) {
      response_.append(buffer.data(), static_cast<std::size_t>(size));
    }
    received_end_ = received_end_ || size == 0;
    return size > 0;
  }

  const Site& site_;
  const std::uint8_t behaviour_;
  int client_ = -1;
  std::optional<Connection> connection_;
  std::size_t held_ = 0;  // by the connection
  bool answered_ = false;
  std::string response_;
  bool received_end_ = false;
};

// A response, read strictly.
struct ParsedResponse {
  std::string status_line;
  std::map<std::string, std::string> fields;
  std::string body;

  static ParsedResponse Read(std::string_view text) {
    ParsedResponse response;
    response.status_line = TakeLine(text);
    for (std::string line = TakeLine(text); !line.empty(); line = TakeLine(text)) {
      const std::size_t colon = line.find(": ");
      Require(colon != std::string::npos && colon > 0, "a field of a response has a name");
      for (const char c : line) {
        Require(c >= ' ' && c <= '~', "the fields of a response are printable");
      }
      Require(response.fields.emplace(line.substr(0, colon), line.substr(colon + 2)).second,
              "a field of a response is there once");
    }
    response.body = text;
    return response;
  }

 private:
  static std::string TakeLine(std::string_view& text) {
    const std::size_t end = text.find("\r\n");
    Require(end != std::string_view::npos, "the lines of a response have an end");
    std::string line(text.substr(0, end));
    text.remove_prefix(end + 2);
    return line;
  }
};

bool IsNameOfListener(std::string host) {
  const std::size_t colon = host.find_last_not_of("0123456789");
  if (colon != std::string::npos && host[colon] == ':') {
    host.resize(colon);
  }
  for (char& c : host) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]" || host == "127.0.0.7";
}

// The status line that `request` deserves; empty: no response, since it is not complete.
std::string ExpectedStatus(const StrictRequest& request, std::size_t sent, bool on_loopback) {
  if (request.size == 0 && sent <= Connection::kMaxHead) {
    return "";
  }
  if (request.size == 0 || request.size > Connection::kMaxHead) {
    return "HTTP/1.1 431 Request Header Fields Too Large";
  }
  if (!request.valid) {
    return "HTTP/1.1 400 Bad Request";
  }
  if (on_loopback && !request.hosts.empty() && !IsNameOfListener(request.hosts.front())) {
    return "HTTP/1.1 421 Misdirected Request";
  }
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path != "/page" && path != "/broken" && path != "/large") {
    return "HTTP/1.1 404 Not Found";
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return "HTTP/1.1 405 Method Not Allowed";
  }
  return path == "/broken" ? "HTTP/1.1 503 Service Unavailable" : "HTTP/1.1 200 OK";
}

void CheckResponse(const StrictRequest& request, std::string_view text) {
  const ParsedResponse response = ParsedResponse::Read(text);
  const auto field = [&response](const char* name) {
    const auto it = response.fields.find(name);
    Require(it != response.fields.end(), "a response has all of its fields");
    return it->second;
  };
  Require(field("connection") == "close", "a response ends its connection");
  Require(field("cache-control") == "no-store", "no response is cached");
  Require(field("x-content-type-options") == "nosniff", "the type of a response is no guess");
  const std::string length = field("content-length");
  if (request.valid && request.method == "HEAD" && response.body.empty()) {
    return;
  }
  Require(length == StrCat(response.body.size()), "a response is as long as it says");
  if (response.status_line == "HTTP/1.1 200 OK") {
    const bool large = request.target.starts_with("/large");
    const std::string_view page = request.target == "/page?verbose" ? kQueryPage : kPage;
    Require(large ? response.body.size() == kLargePage + 1 : response.body == page,
            "the page is the one that was asked for");
  }
}

void Run(std::uint8_t behaviour, std::uint8_t seed, std::string_view bytes) {
  static FuzzSite& anywhere = *new FuzzSite(false);
  static FuzzSite& on_loopback = *new FuzzSite(true);
  FuzzSite& site = (behaviour & kOnLoopback) != 0 ? on_loopback : anywhere;
  const StrictRequest request = StrictRequest::Read(bytes);
  const std::string expected = ExpectedStatus(request, bytes.size(), &site == &on_loopback);

  const std::string response = Exchange(site.site(), behaviour).Run(bytes, std::minstd_rand(seed));
  const int made = site.TakeMade();
  Require(made <= (expected.ends_with("200 OK") || expected.ends_with("Unavailable") ? 1 : 0),
          "a connection has one request, which has to be valid");
  if ((behaviour & kLeavesEarly) != 0) {
    return;
  }
  Require(response.substr(0, response.find("\r\n")) == expected, "the status is the right one");
  if (!expected.empty()) {
    CheckResponse(request, response);
  }
  const std::string again =
      Exchange(site.site(), behaviour).Run(bytes, std::minstd_rand(seed + 1000));
  site.TakeMade();
  Require(again == response, "a response does not depend on the pieces of its request");
}

}  // namespace
}  // namespace credential_broker::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size >= 2) {
    credential_broker::http::Run(
        data[0], data[1], std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2));
  }
  return 0;
}
