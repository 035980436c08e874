#include "cli/tls_acceptor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <stdexcept>

namespace credential_broker::cli {
namespace {

int SelectHttp2(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                const unsigned char* /*in*/, unsigned int /*in_size*/, void* /*data*/) {
  static constexpr std::array<unsigned char, 2> kHttp2 = {'h', '2'};
  *out = kHttp2.data();
  *out_size = kHttp2.size();
  return SSL_TLSEXT_ERR_OK;
}

// Reads to the end, so that closing sends no reset that would overtake the alert.
void AwaitLeave(int fd) {
  shutdown(fd, SHUT_WR);
  std::array<char, 1024> rest{};
  while (read(fd, rest.data(), rest.size()) > 0) {
  }
}

}  // namespace

TlsAcceptor::TlsAcceptor(const PemIdentity& identity, const std::string& client_ca_file,
                         int version)
    : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  UseIdentity(context_.get(), identity);
  SSL_CTX_load_verify_file(context_.get(), client_ca_file.c_str());
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_min_proto_version(context_.get(), version);
  SSL_CTX_set_max_proto_version(context_.get(), version);
  SSL_CTX_set_alpn_select_cb(context_.get(), SelectHttp2, nullptr);

  sockaddr_in bound = {};
  bound.sin_family = AF_INET;
  bound.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(bound);
  auto* address = reinterpret_cast<sockaddr*>(&bound);
  if (bind(listener_, address, size) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, address, &size) != 0) {
    throw std::runtime_error("cannot listen");
  }
  address_ = "127.0.0.1:" + std::to_string(ntohs(bound.sin_port));
  thread_ = std::thread([this] { AcceptAll(); });
}

TlsAcceptor::~TlsAcceptor() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

void TlsAcceptor::AcceptAll() {
  signal(SIGPIPE, SIG_IGN);
  for (int fd = accept(listener_, nullptr, nullptr); fd >= 0;
       fd = accept(listener_, nullptr, nullptr)) {
    SSL* ssl = SSL_new(context_.get());
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
      SSL_write(ssl, "!", 1);
    }
    AwaitLeave(fd);
    SSL_free(ssl);
    close(fd);
    ERR_clear_error();
  }
}

}  // namespace credential_broker::cli
