#include "http/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A client's end; waits at most 20 s for anything.
class Client {
 public:
  explicit Client(const sockaddr_in& address) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Client() { close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Send(std::string_view text) const { send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }

  // All that comes until the server closes.
  std::string ReadAll() const {
    std::string all;
    char buffer[4096];
    pollfd readable{socket_, POLLIN, 0};
    while (poll(&readable, 1, 20'000) > 0) {
      const ssize_t size = recv(socket_, buffer, sizeof(buffer), 0);
      if (size <= 0) {
        return all;
      }
      all.append(buffer, static_cast<std::size_t>(size));
    }
    ADD_FAILURE() << "the server does not close";
    return all;
  }

 private:
  const int socket_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void Start(ServerLimits limits = {}) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address_);
    auto* address = reinterpret_cast<sockaddr*>(&address_);
    ASSERT_EQ(bind(listener, address, size), 0);
    ASSERT_EQ(listen(listener, 128), 0);
    ASSERT_EQ(getsockname(listener, address, &size), 0);
    Pages pages = {{"/page", [] { return Text(200, "here"); }},
                   {"/large", [] { return Text(200, std::string(8 << 20, 'x')); }}};
    auto server = Server::Start(listener, std::move(pages), SystemClock(), limits);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::string Exchange(std::string_view request) const {
    const Client client(address_);
    client.Send(request);
    return client.ReadAll();
  }

  sockaddr_in address_{};
  std::unique_ptr<Server> server_;
};

TEST_F(HttpServerTest, ServesAPage) {
  Start();
  const std::string answer = Exchange("GET /page HTTP/1.1\r\nhost: localhost\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\ncontent-length: 5\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nconnection: close\r\n\r\nhere\n"));
}

TEST_F(HttpServerTest, LeavesTheBodyOutForHead) {
  Start();
  const std::string answer = Exchange("HEAD /page HTTP/1.1\r\nhost: localhost\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("content-length: 5\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, TakesARequestInPiecesAndSendsWhatIsLarge) {
  Start();
  const Client client(address_);
  for (const char c : std::string_view("GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n")) {
    client.Send(std::string_view(&c, 1));
  }
  EXPECT_GT(client.ReadAll().size(), std::size_t{8} << 20);
}

TEST_F(HttpServerTest, AnswersWhatIsNoRequest) {
  Start();
  EXPECT_THAT(Exchange("\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Exchange("GET /none HTTP/1.1\r\nhost: localhost\r\n\r\n"),
              StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Exchange("POST /page HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\n\r\nabc"),
              StartsWith("HTTP/1.1 405 "));
}

// DNS rebinding: a website's name resolves to 127.0.0.1.
TEST_F(HttpServerTest, RefusesTheNameOfAWebsiteOnLoopback) {
  Start();
  const std::string answer = Exchange("GET /page HTTP/1.1\r\nhost: evil.example:9090\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 421 Misdirected Request\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("here")));
  EXPECT_THAT(Exchange("HEAD /page HTTP/1.0\r\nhost: evil.example\r\n\r\n"),
              StartsWith("HTTP/1.1 421 "));
  EXPECT_THAT(Exchange("GET /page HTTP/1.1\r\nhost: 127.0.0.1:9090\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, WantsAHostInHttp11Alone) {
  Start();
  EXPECT_THAT(Exchange("GET /page HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Exchange("GET /page HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Exchange("GET /page HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, RefusesHeadersWithoutEnd) {
  Start();
  const std::string headers(1 << 20, 'a');
  EXPECT_THAT(Exchange("GET /page HTTP/1.1\r\nx: " + headers), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, CutsWhoNeverEndsItsRequest) {
  ServerLimits limits;
  limits.request_timeout = absl::Milliseconds(200);
  Start(limits);
  EXPECT_EQ(Exchange("GET /page HTTP/1.1\r\n"), "");
}

TEST_F(HttpServerTest, CutsWhoNeverReadsItsAnswer) {
  ServerLimits limits;
  limits.request_timeout = absl::Milliseconds(200);
  Start(limits);
  const Client client(address_);
  client.Send("GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n");
  // Another one's answer after it: the first is over by then.
  EXPECT_EQ(Exchange("GET "), "");
  EXPECT_LT(client.ReadAll().size(), std::size_t{8} << 20);
}

TEST_F(HttpServerTest, ServesAProbeBesideAThousandDawdlers) {
  Start();
  std::vector<std::unique_ptr<Client>> dawdlers;
  for (int i = 0; i < 900; ++i) {
    dawdlers.push_back(std::make_unique<Client>(address_));
    dawdlers.back()->Send("GET /page HTTP/1.1\r\nx-");
  }
  EXPECT_THAT(Exchange("GET /page HTTP/1.1\r\nhost: localhost\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
  // The first of them made room.
  EXPECT_EQ(dawdlers.front()->ReadAll(), "");
}

TEST_F(HttpServerTest, StopsWithConnectionsOpen) {
  Start();
  const Client client(address_);
  client.Send("GET");
  server_->Stop();
  server_->Stop();
  EXPECT_EQ(client.ReadAll(), "");
}

}  // namespace
}  // namespace credential_broker::http
