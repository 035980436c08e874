#include "sandbox/tls_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace credential_broker::sandbox {
namespace {

constexpr timeval kHandshakeTimeout = {5, 0};
constexpr timeval kDrainTimeout = {1, 0};
constexpr int kMostDrained = 256;  // times 4 KiB
constexpr timeval kIdleTimeout = {60, 0};
constexpr timeval kWriteTimeout = {5, 0};

void SetTimeout(int socket, int which, const timeval& timeout) {
  setsockopt(socket, SOL_SOCKET, which, &timeout, sizeof timeout);
}

}  // namespace

TlsConnection::TlsConnection(SSL_CTX* context, UniqueFd socket)
    : socket_(std::move(socket)), ssl_(SSL_new(context)) {
  const int on = 1;
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SetTimeout(socket_.get(), SO_RCVTIMEO, kHandshakeTimeout);
  SetTimeout(socket_.get(), SO_SNDTIMEO, kWriteTimeout);
}

bool TlsConnection::Handshake() {
  ERR_clear_error();
  const bool done =
      ssl_ != nullptr && SSL_set_fd(ssl_.get(), socket_.get()) == 1 && SSL_accept(ssl_.get()) == 1;
  SetTimeout(socket_.get(), SO_RCVTIMEO, kIdleTimeout);
  return done;
}

std::size_t TlsConnection::Read(char* data, std::size_t size) {
  ERR_clear_error();
  std::size_t read = 0;
  return SSL_read_ex(ssl_.get(), data, size, &read) == 1 ? read : 0;
}

bool TlsConnection::Write(std::string_view bytes) {
  ERR_clear_error();
  std::size_t written = 0;
  return bytes.empty() || SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1;
}

bool TlsConnection::Drip(std::string_view bytes, absl::Duration pause) {
  const auto milliseconds = static_cast<int>(
      std::clamp<std::int64_t>(absl::ToInt64Milliseconds(pause), 0, 60 * 60 * 1000));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    pollfd fd = {socket_.get(), POLLRDHUP, 0};
    if (poll(&fd, 1, milliseconds) != 0 || !Write(bytes.substr(i, 1))) {
      return false;
    }
  }
  return true;
}

bool TlsConnection::Gone() const {
  pollfd fd = {socket_.get(), POLLRDHUP, 0};
  return poll(&fd, 1, 0) != 0;
}

void TlsConnection::CloseNotify() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
}

void TlsConnection::CloseAfterDraining() {
  CloseNotify();
  shutdown(socket_.get(), SHUT_WR);
  SetTimeout(socket_.get(), SO_RCVTIMEO, kDrainTimeout);
  std::array<char, 4096> bytes;
  for (int i = 0; i < kMostDrained && recv(socket_.get(), bytes.data(), bytes.size(), 0) > 0; ++i) {
  }
}

void TlsConnection::Abort() const { shutdown(socket_.get(), SHUT_RDWR); }

void Reset(UniqueFd socket) {
  const linger now = {1, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace credential_broker::sandbox
