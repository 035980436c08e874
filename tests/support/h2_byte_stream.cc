#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "absl/status/status.h"
#include "base/strings.h"
#include "support/h2_client.h"
#include "support/test_ca.h"

namespace credential_broker {
namespace {

absl::Status SslError(std::string_view what) {
  char text[256] = "no error queued";
  if (unsigned long error = ERR_peek_last_error(); error != 0) {  // NOLINT(google-runtime-int)
    ERR_error_string_n(error, text, sizeof(text));
  }
  ERR_clear_error();
  return absl::UnavailableError(StrCat(what, ": ", text));
}

int ConnectSocket(const std::string& address) {
  if (address.starts_with("unix:")) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, address.c_str() + 5, sizeof(name.sun_path) - 1);
    int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0) {
      return fd;
    }
    ::close(fd);
    return -1;
  }
  const std::uint16_t port =
      htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  sockaddr_storage name{};
  if (address.starts_with('[')) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(name);
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    v6.sin6_port = port;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(name);
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4.sin_port = port;
  }
  int fd = ::socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)) != 0) {
    ::close(fd);
    return -1;
  }
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

bool TrustCa(SSL_CTX* context, const std::string& pem) {
  BIO* text = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* ca = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
  bool used = ca != nullptr && X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca) == 1;
  X509_free(ca);
  BIO_free(text);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return used;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ByteStream>> ByteStream::Connect(
    const std::string& address, const std::optional<H2ClientTls>& tls) {
  std::unique_ptr<ByteStream> stream(new ByteStream());
  stream->fd_ = ConnectSocket(address);
  if (stream->fd_ < 0) {
    return absl::UnavailableError(
        StrCat("connect ", address, ": ", std::generic_category().message(errno)));
  }
  ::fcntl(stream->fd_, F_SETFL, ::fcntl(stream->fd_, F_GETFL) | O_NONBLOCK);
  if (tls.has_value()) {
    if (absl::Status shaken = stream->Handshake(*tls); !shaken.ok()) {
      return shaken;
    }
  }
  return stream;
}

absl::Status ByteStream::Handshake(const H2ClientTls& tls) {
  ERR_clear_error();
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                            &SSL_CTX_free);
  if (!tls.ca.empty() && !TrustCa(context.get(), tls.ca)) {
    return SslError("test CA");
  }
  if (!tls.certificate.empty()) {
    UseIdentity(context.get(), {tls.certificate, tls.key});
  }
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (tls.max_version != 0) {
    SSL_CTX_set_max_proto_version(context.get(), tls.max_version);
  }
  if (!tls.tls12_ciphers.empty()) {
    SSL_CTX_set_cipher_list(context.get(), tls.tls12_ciphers.c_str());
  }
  if (!tls.alpn.empty()) {
    std::string wire = static_cast<char>(tls.alpn.size()) + tls.alpn;
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size()));
  }
  ssl_ = SSL_new(context.get());
  SSL_set_fd(ssl_, fd_);
  if (tls.session != nullptr) {
    SSL_set_session(ssl_, tls.session.get());
  }
  for (;;) {
    int result = SSL_connect(ssl_);
    if (result == 1) {
      return absl::OkStatus();
    }
    int error = SSL_get_error(ssl_, result);
    int wanted = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if ((error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) ||
        !Poll(wanted, kPatience)) {
      return SslError("TLS handshake");
    }
  }
}

ByteStream::~ByteStream() {
  SSL_free(ssl_);
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

bool ByteStream::Poll(int events, absl::Duration patience) const {
  pollfd watched{fd_, static_cast<short>(events), 0};  // NOLINT(google-runtime-int)
  return ::poll(&watched, 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) == 1;
}

bool ByteStream::Write(std::string_view bytes, absl::Duration patience) {
  while (!bytes.empty()) {
    std::size_t put = 0;
    bool blocked = false;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      int result = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &put);
      blocked = result != 1 && SSL_get_error(ssl_, result) == SSL_ERROR_WANT_WRITE;
    } else {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      put = sent > 0 ? static_cast<std::size_t>(sent) : 0;
      blocked = sent < 0 && errno == EAGAIN;
    }
    bytes.remove_prefix(put);
    if (put == 0 && (!blocked || !Poll(POLLOUT, patience))) {
      return false;
    }
  }
  return true;
}

std::optional<std::string> ByteStream::Read(absl::Duration patience) {
  std::string buffer(64 * 1024, '\0');
  for (;;) {
    std::size_t got = 0;
    bool blocked = false;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      int result = SSL_read_ex(ssl_, buffer.data(), buffer.size(), &got);
      blocked = result != 1 && SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ;
    } else {
      ssize_t received = ::recv(fd_, buffer.data(), buffer.size(), 0);
      got = received > 0 ? static_cast<std::size_t>(received) : 0;
      blocked = received < 0 && errno == EAGAIN;
    }
    if (got > 0) {
      buffer.resize(got);
      return buffer;
    }
    if (!blocked) {
      return std::nullopt;
    }
    if (!Poll(POLLIN, patience)) {
      return std::string();
    }
  }
}

bool ByteStream::AwaitClose(absl::Duration patience) {
  absl::Time end = absl::Now() + patience;
  while (absl::Now() < end) {
    if (!Read(end - absl::Now()).has_value()) {
      return true;
    }
  }
  return false;
}

void ByteStream::Abort() {
  linger hard{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
  ::close(fd_);
  fd_ = -1;
}

std::string BigEndian32(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string H2Frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream_id,
                    std::string_view payload) {
  std::string size = BigEndian32(static_cast<std::uint32_t>(payload.size()));
  return size.substr(1) + static_cast<char>(type) + static_cast<char>(flags) +
         BigEndian32(stream_id) + std::string(payload);
}

std::string H2Hello() { return std::string(kH2Preface) + H2Frame(NGHTTP2_SETTINGS, 0, 0, ""); }

std::optional<H2FrameReader::Frame> H2FrameReader::Next(absl::Duration patience) {
  constexpr std::size_t kHeader = 9;
  absl::Time end = absl::Now() + patience;
  for (;;) {
    if (buffer_.size() >= kHeader) {
      auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(buffer_[i]); };
      std::size_t size = static_cast<std::size_t>(byte(0)) << 16 |
                         static_cast<std::size_t>(byte(1)) << 8 | byte(2);
      if (buffer_.size() >= kHeader + size) {
        std::uint32_t id = static_cast<std::uint32_t>(byte(5)) << 24 |
                           static_cast<std::uint32_t>(byte(6)) << 16 |
                           static_cast<std::uint32_t>(byte(7)) << 8 | byte(8);
        Frame frame{byte(3), byte(4), id, buffer_.substr(kHeader, size)};
        buffer_.erase(0, kHeader + size);
        return frame;
      }
    }
    if (absl::Now() >= end) {
      return std::nullopt;
    }
    std::optional<std::string> more = stream_.Read(end - absl::Now());
    if (!more.has_value()) {
      return std::nullopt;
    }
    buffer_ += *more;
  }
}

std::optional<H2FrameReader::Frame> H2FrameReader::Await(std::uint8_t type,
                                                         absl::Duration patience) {
  absl::Time end = absl::Now() + patience;
  for (;;) {
    std::optional<Frame> frame = Next(end - absl::Now());
    if (!frame.has_value() || frame->type == type) {
      return frame;
    }
  }
}

}  // namespace credential_broker
