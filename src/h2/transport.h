#ifndef CREDENTIAL_BROKER_H2_TRANSPORT_H_
#define CREDENTIAL_BROKER_H2_TRANSPORT_H_

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"
#include "h2/handshake_scanner.h"
#include "h2/tls_context.h"

namespace credential_broker::h2 {

// The bytes of a connection, over TLS or plain, on a non-blocking socket. Not thread-safe.
//
// It takes so many bytes a turn off the socket and no more, whatever comes: OpenSSL reads on by
// itself while records come that hold nothing for us, and a peer that sends them as fast as we take
// them would have the loop for itself.
class Transport {
 public:
  static constexpr std::size_t kBytesPerTurn = 64 * 1024;
  // Of a connection, after the handshake: steps that OpenSSL takes for messages of TLS that carry
  // no bytes, such as key updates. Each costs us some and the peer little. A key update takes
  // three, one that requests another takes five.
  static constexpr int kMaxTlsEvents = 100;

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

  // `ssl` null: plaintext.
  Transport(UniqueFd socket, SslPtr ssl);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport() = default;

  int fd() const { return socket_.get(); }
  const SSL* ssl() const { return ssl_.get(); }

  // The socket may be read again.
  void BeginTurn() { left_in_turn_ = kBytesPerTurn; }
  // kOk: the connection is ready; at once where it is plain.
  Io Handshake();
  // Why Handshake says kClosed: a message of the client was larger than HandshakeScanner allows.
  bool oversized() const { return oversized_; }
  // A byte has come from the peer.
  bool received() const { return received_; }
  // kWantRead also where the turn is over.
  Result Read(char* data, std::size_t size);
  // May take a part.
  Result Write(std::string_view bytes);
  // Why Read says kClosed: kMaxTlsEvents.
  bool flooded() const { return tls_events_ > kMaxTlsEvents; }
  // Read has more without a look at the socket.
  bool HasBuffered() const { return ssl_ != nullptr && SSL_has_pending(ssl_.get()) == 1; }
  // Tells the peer that no more comes, and frees what TLS holds. What the peer still sends can be
  // thrown away by Discard.
  void ShutdownWrite();
  // Takes raw bytes from the socket; false: the peer has closed.
  bool Discard(char* data, std::size_t size);

 private:
  // What OpenSSL reads the socket by.
  static const BIO_METHOD* BioMethod();
  static int BioRead(BIO* bio, char* data, int size);
  static int BioWrite(BIO* bio, const char* data, int size);
  static void OnTlsEvent(const SSL* ssl, int where, int value);

  // As recv, within the turn; errno is EAGAIN where it is over.
  ssize_t Receive(char* data, std::size_t size);
  Io SslIo(int result);

  UniqueFd socket_;
  SslPtr ssl_;
  std::size_t left_in_turn_ = kBytesPerTurn;
  int tls_events_ = 0;
  std::optional<HandshakeScanner> scanner_;  // until the end of the handshake
  bool oversized_ = false;
  bool received_ = false;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_TRANSPORT_H_
