#ifndef CREDENTIAL_BROKER_H2_HANDSHAKE_SCANNER_H_
#define CREDENTIAL_BROKER_H2_HANDSHAKE_SCANNER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace credential_broker::h2 {

// Reads what a client sends during a TLS handshake before OpenSSL does, and finds handshake
// messages that are too large. OpenSSL allocates and clears the whole length that a ClientHello
// announces, up to 128 KiB, as soon as its header is there: nine bytes of an unauthenticated client
// would hold 150 KB. It also keeps a copy of some extensions, such as ALPN and
// signature_algorithms.
//
// It looks at records in the clear only: both ClientHellos, and the client's messages of TLS 1.2 up
// to ChangeCipherSpec. OpenSSL bounds all other messages by at most kMaxMessage itself
// (SSL_CTX_set_max_cert_list).
class HandshakeScanner {
 public:
  // What OpenSSL's buffer for a message holds from the start.
  static constexpr std::size_t kMaxMessage = 16 * 1024;
  // Less, for the copies. One with post-quantum key shares has less than 2 KiB.
  static constexpr std::size_t kMaxClientHello = 8 * 1024;

  enum class Verdict {
    kGood,
    kTooLarge,  // a message announces more than kMaxMessage, a ClientHello than kMaxClientHello
    kNotTls,    // this is not a record of TLS
  };

  // Takes the next bytes off the socket, in pieces of any size. Once the result is not kGood, the
  // connection has to be closed.
  Verdict Scan(std::string_view bytes);

 private:
  // One of the record header or the message header, which may be split across reads and records.
  template <std::size_t kSize>
  struct Header {
    std::array<std::uint8_t, kSize> bytes{};
    std::size_t size = 0;

    // True when it is complete.
    bool Add(std::string_view& input) {
      while (size < kSize && !input.empty()) {
        bytes[size++] = static_cast<std::uint8_t>(input.front());
        input.remove_prefix(1);
      }
      return size == kSize;
    }
  };

  Verdict BeginRecord();
  Verdict ScanMessages(std::string_view payload);

  Header<5> record_;  // complete: within the record's payload
  std::size_t left_in_record_ = 0;
  Header<4> message_;
  std::size_t left_in_message_ = 0;
  bool key_exchanged_ = false;  // TLS 1.2: a message has come that is not a ClientHello
  bool encrypted_ = false;      // TLS 1.2: nothing more comes in the clear
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_HANDSHAKE_SCANNER_H_
