#ifndef CREDENTIAL_BROKER_H2_TRANSPORT_H_
#define CREDENTIAL_BROKER_H2_TRANSPORT_H_

#include <cstddef>
#include <string_view>
#include <utility>

#include "h2/tls_context.h"
#include "h2/unique_fd.h"

namespace credential_broker::h2 {

// The bytes of a connection, over TLS or plain, on a non-blocking socket. Not thread-safe.
class Transport {
 public:
  enum class Io {
    kOk,
    kWantRead,   // try again when the socket can be read
    kWantWrite,  // try again when the socket can be written
    kClosed,     // by the peer, or broken
  };
  struct Result {
    Io io;
    std::size_t size = 0;  // with kOk
  };

  // `ssl` is bound to `socket`; null: plaintext.
  Transport(UniqueFd socket, SslPtr ssl) : socket_(std::move(socket)), ssl_(std::move(ssl)) {}

  int fd() const { return socket_.get(); }
  const SSL* ssl() const { return ssl_.get(); }

  // kOk: the connection is ready; at once where it is plain.
  Io Handshake();
  Result Read(char* data, std::size_t size);
  // May take a part.
  Result Write(std::string_view bytes);
  // Read has more without a look at the socket.
  bool HasBuffered() const { return ssl_ != nullptr && SSL_has_pending(ssl_.get()) == 1; }
  // Tells the peer that no more comes. What it still sends can be thrown away by Discard.
  void ShutdownWrite();
  // Takes raw bytes from the socket; false: the peer has closed.
  bool Discard(char* data, std::size_t size);

 private:
  Io SslIo(int result);

  UniqueFd socket_;
  SslPtr ssl_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_TRANSPORT_H_
