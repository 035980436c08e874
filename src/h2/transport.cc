#include "h2/transport.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <cerrno>

namespace credential_broker::h2 {
namespace {

bool IsTransient(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Transport::Io Transport::SslIo(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return Io::kOk;
    case SSL_ERROR_WANT_READ:
      return Io::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return Io::kWantWrite;
    default:
      return Io::kClosed;
  }
}

Transport::Io Transport::Handshake() {
  if (ssl_ == nullptr) {
    return Io::kOk;
  }
  ERR_clear_error();
  return SslIo(SSL_do_handshake(ssl_.get()));
}

Transport::Result Transport::Read(char* data, std::size_t size) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    std::size_t got = 0;
    int result = SSL_read_ex(ssl_.get(), data, size, &got);
    return result == 1 ? Result{Io::kOk, got} : Result{SslIo(result)};
  }
  ssize_t got = ::recv(socket_.get(), data, size, 0);
  if (got > 0) {
    return {Io::kOk, static_cast<std::size_t>(got)};
  }
  return {got < 0 && IsTransient(errno) ? Io::kWantRead : Io::kClosed};
}

Transport::Result Transport::Write(std::string_view bytes) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    std::size_t put = 0;
    int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &put);
    return result == 1 ? Result{Io::kOk, put} : Result{SslIo(result)};
  }
  ssize_t put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put >= 0) {
    return {Io::kOk, static_cast<std::size_t>(put)};
  }
  return {IsTransient(errno) ? Io::kWantWrite : Io::kClosed};
}

void Transport::ShutdownWrite() {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  ::shutdown(socket_.get(), SHUT_WR);
}

bool Transport::Discard(char* data, std::size_t size) {
  ssize_t got = ::recv(socket_.get(), data, size, 0);
  return got > 0 || (got < 0 && IsTransient(errno));
}

}  // namespace credential_broker::h2
