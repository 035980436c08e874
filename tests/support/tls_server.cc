#include "support/tls_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace credential_broker {
namespace {

void Require(bool held, const char* what) {
  if (!held) {
    throw std::runtime_error(std::string("TLS test server: ") + what);
  }
}

}  // namespace

TlsPeer::TlsPeer(int fd, SSL_CTX* context) : fd_(fd), ssl_(SSL_new(context)) {
  SSL_set_fd(ssl_, fd_);
}

TlsPeer::~TlsPeer() {
  SSL_free(ssl_);
  close(fd_);
}

bool TlsPeer::Handshake() { return SSL_accept(ssl_) == 1; }

std::string TlsPeer::ReadRequest() {
  std::string request;
  std::size_t whole = std::string::npos;
  while (request.size() < whole) {
    char byte = 0;
    if (SSL_read(ssl_, &byte, 1) != 1) {
      return "";
    }
    request.push_back(byte);
    if (whole == std::string::npos && request.ends_with("\r\n\r\n")) {
      constexpr std::string_view kLength = "Content-Length: ";
      const std::size_t at = request.find(kLength);
      whole =
          request.size() + (at == std::string::npos
                                ? 0
                                : std::strtoul(request.c_str() + at + kLength.size(), nullptr, 10));
    }
  }
  return request;
}

bool TlsPeer::Write(std::string_view bytes) {
  return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
}

void TlsPeer::WriteUnencrypted(std::string_view bytes) {
  static_cast<void>(!send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

void TlsPeer::Reset() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void TlsPeer::AwaitLeave() {
  char scrap[1024];
  while (recv(fd_, scrap, sizeof(scrap), 0) > 0) {
  }
}

bool TlsPeer::PeerLeavesWithin(absl::Duration limit) {
  pollfd leaving{.fd = fd_, .events = POLLRDHUP, .revents = 0};
  return poll(&leaving, 1, static_cast<int>(absl::ToInt64Milliseconds(limit))) != 0;
}

TlsServer::TlsServer(const PemIdentity& identity, Script script)
    : script_(std::move(script)), context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
  UseIdentity(context_.get(), identity);
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  Require(bind(listener_, generic, size) == 0 && listen(listener_, 64) == 0 &&
              getsockname(listener_, generic, &size) == 0,
          "cannot listen");
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { Accept(); });
}

TlsServer::~TlsServer() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    for (const int fd : open_) {
      shutdown(fd, SHUT_RDWR);
    }
  }
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  for (std::thread& run : runs_) {
    run.join();
  }
  close(listener_);
}

void TlsServer::Accept() {
  // Writing to a peer that has left must not end the test; the client under test gets no such help.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (true) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      return;
    }
    ++connections_;
    std::list<int>::iterator place;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopped_) {
        close(fd);
        return;
      }
      place = open_.insert(open_.end(), fd);
    }
    runs_.emplace_back([this, fd, place] {
      TlsPeer peer(fd, context_.get());
      script_(peer);
      std::lock_guard<std::mutex> lock(mutex_);
      open_.erase(place);
    });
  }
}

std::string TlsServer::Url(std::string_view path) const {
  return "https://127.0.0.1:" + std::to_string(port_) + std::string(path);
}

std::string TlsServer::Answer(int status, std::string_view body, std::string_view headers) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(headers) +
         "\r\n" + std::string(body);
}

}  // namespace credential_broker
