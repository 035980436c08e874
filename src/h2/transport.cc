#include "h2/transport.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace credential_broker::h2 {
namespace {

bool IsTransient(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

struct BioMethodDeleter {
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};

}  // namespace

Transport::Transport(UniqueFd socket, SslPtr ssl)
    : socket_(std::move(socket)), ssl_(std::move(ssl)) {
  if (ssl_ != nullptr) {
    BIO* bio = BIO_new(BioMethod());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    scanner_.emplace();
  }
}

const BIO_METHOD* Transport::BioMethod() {
  static const std::unique_ptr<BIO_METHOD, BioMethodDeleter> turns([] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "turns");
    BIO_meth_set_read(method, &Transport::BioRead);
    BIO_meth_set_write(method, &Transport::BioWrite);
    BIO_meth_set_ctrl(method,
                      [](BIO*, int command, long, void*) -> long {  // NOLINT(google-runtime-int)
                        return command == BIO_CTRL_FLUSH ? 1 : 0;
                      });
    return method;
  }());
  return turns.get();
}

int Transport::BioRead(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  auto& self = *static_cast<Transport*>(BIO_get_data(bio));
  ssize_t got = self.Receive(data, static_cast<std::size_t>(size));
  if (got < 0 && IsTransient(errno)) {
    BIO_set_retry_read(bio);
  }
  if (got > 0 && self.scanner_.has_value()) {
    const auto verdict = self.scanner_->Scan({data, static_cast<std::size_t>(got)});
    if (verdict != HandshakeScanner::Verdict::kGood) {
      self.oversized_ = verdict == HandshakeScanner::Verdict::kTooLarge;
      return -1;
    }
  }
  return static_cast<int>(got);
}

int Transport::BioWrite(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const auto& self = *static_cast<Transport*>(BIO_get_data(bio));
  ssize_t put = ::send(self.fd(), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (put < 0 && IsTransient(errno)) {
    BIO_set_retry_write(bio);
  }
  return static_cast<int>(put);
}

void Transport::OnTlsEvent(const SSL* ssl, int where, int) {
  auto& self = *static_cast<Transport*>(BIO_get_data(SSL_get_rbio(ssl)));
  if ((where & SSL_CB_HANDSHAKE_START) != 0) {
    // TLS 1.2: a ClientHello to renegotiate with. OpenSSL reads all of it, in memory of the length
    // that it announces, before it answers that it does not renegotiate.
    self.tls_events_ = kMaxTlsEvents;
  }
  if ((where & (SSL_CB_HANDSHAKE_START | SSL_CB_LOOP | SSL_CB_ALERT)) != 0 &&
      ++self.tls_events_ > kMaxTlsEvents) {
    self.left_in_turn_ = 0;
  }
}

ssize_t Transport::Receive(char* data, std::size_t size) {
  size = std::min(size, left_in_turn_);
  if (size == 0) {
    errno = EAGAIN;
    return -1;
  }
  ssize_t got = ::recv(fd(), data, size, 0);
  if (got > 0) {
    left_in_turn_ -= static_cast<std::size_t>(got);
    received_ = true;
  }
  return got;
}

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
  Io io = SslIo(SSL_do_handshake(ssl_.get()));
  if (io == Io::kOk) {
    scanner_.reset();
    SSL_set_info_callback(ssl_.get(), &Transport::OnTlsEvent);
  }
  return io;
}

Transport::Result Transport::Read(char* data, std::size_t size) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    std::size_t got = 0;
    int result = SSL_read_ex(ssl_.get(), data, size, &got);
    if (flooded()) {
      return {Io::kClosed};
    }
    return result == 1 ? Result{Io::kOk, got} : Result{SslIo(result)};
  }
  ssize_t got = Receive(data, size);
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
    ssl_.reset();
  }
  ::shutdown(socket_.get(), SHUT_WR);
}

bool Transport::Discard(char* data, std::size_t size) {
  ssize_t got = ::recv(socket_.get(), data, size, 0);
  return got > 0 || (got < 0 && IsTransient(errno));
}

}  // namespace credential_broker::h2
