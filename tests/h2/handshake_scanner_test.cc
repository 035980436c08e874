#include "h2/handshake_scanner.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace credential_broker::h2 {
namespace {

using Verdict = HandshakeScanner::Verdict;

constexpr std::uint8_t kChangeCipherSpec = 20;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kApplicationData = 23;
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kCertificate = 11;
constexpr std::uint8_t kClientKeyExchange = 16;

std::string Byte(std::size_t value) { return std::string(1, static_cast<char>(value & 0xFF)); }

std::string Record(std::uint8_t type, const std::string& payload) {
  return Byte(type) + "\x03\x01" + Byte(payload.size() >> 8) + Byte(payload.size()) + payload;
}

std::string HandshakeHeader(std::uint8_t type, std::size_t size) {
  return Byte(type) + Byte(size >> 16) + Byte(size >> 8) + Byte(size);
}

std::string Message(std::uint8_t type, std::size_t size) {
  return HandshakeHeader(type, size) + std::string(size, '\xFF');
}

// The verdict is the same however the bytes are cut into reads.
Verdict Scan(const std::string& bytes) {
  HandshakeScanner whole;
  const Verdict verdict = whole.Scan(bytes);
  HandshakeScanner bytewise;
  Verdict last = Verdict::kGood;
  for (std::size_t i = 0; i < bytes.size() && last == Verdict::kGood; ++i) {
    last = bytewise.Scan(bytes.substr(i, 1));
  }
  EXPECT_EQ(last, verdict);
  return verdict;
}

TEST(HandshakeScanner, TakesAMessageOfTheMaximumSizeAndNoLargerOne) {
  const std::string hello = Message(kClientHello, HandshakeScanner::kMaxClientHello);
  const std::string largest = Message(kCertificate, HandshakeScanner::kMaxMessage);
  EXPECT_EQ(Scan(Record(kHandshake, hello) + Record(kHandshake, largest.substr(0, 16384)) +
                 Record(kHandshake, largest.substr(16384))),
            Verdict::kGood);
  EXPECT_EQ(Scan(Record(kHandshake,
                        HandshakeHeader(kClientHello, HandshakeScanner::kMaxClientHello + 1))),
            Verdict::kTooLarge);
  EXPECT_EQ(
      Scan(Record(kHandshake, hello) +
           Record(kHandshake, HandshakeHeader(kCertificate, HandshakeScanner::kMaxMessage + 1))),
      Verdict::kTooLarge);
}

TEST(HandshakeScanner, FindsTheHeaderOfALargeMessageInNineBytes) {
  EXPECT_EQ(Scan(std::string("\x16\x03\x01\x00\x04\x01\x02\x01\x44", 9)), Verdict::kTooLarge);
}

TEST(HandshakeScanner, FindsAHeaderThatIsSplitOverRecords) {
  const std::string header = HandshakeHeader(kClientHello, 131'396);
  std::string bytes;
  for (char byte : header) {
    bytes += Record(kHandshake, std::string(1, byte)) + Record(kHandshake, "");
  }
  EXPECT_EQ(Scan(bytes), Verdict::kTooLarge);
}

TEST(HandshakeScanner, FindsALargeSecondClientHello) {
  const std::string first = Record(kHandshake, Message(kClientHello, 200));
  const std::string second = Record(kHandshake, HandshakeHeader(kClientHello, 131'396));
  EXPECT_EQ(Scan(first + second), Verdict::kTooLarge);
  // A ChangeCipherSpec without a meaning, or early data, may be between.
  EXPECT_EQ(Scan(first + Record(kChangeCipherSpec, "\x01") + second), Verdict::kTooLarge);
  EXPECT_EQ(Scan(first + Record(kApplicationData, "early") + second), Verdict::kTooLarge);
  EXPECT_EQ(
      Scan(Record(kHandshake, Message(kClientHello, 200) + HandshakeHeader(kClientHello, 131'396))),
      Verdict::kTooLarge);
}

TEST(HandshakeScanner, LeavesEncryptedMessagesAlone) {
  // TLS 1.2: Finished is a handshake record of random bytes.
  const std::string random(40, '\x01');
  EXPECT_EQ(Scan(Record(kHandshake, Message(kClientHello, 200)) +
                 Record(kHandshake, Message(kClientKeyExchange, 33)) +
                 Record(kChangeCipherSpec, "\x01") + Record(kHandshake, random)),
            Verdict::kGood);
  // TLS 1.3.
  EXPECT_EQ(Scan(Record(kHandshake, Message(kClientHello, 200)) +
                 Record(kChangeCipherSpec, "\x01") + Record(kApplicationData, random)),
            Verdict::kGood);
}

TEST(HandshakeScanner, RefusesWhatIsNoTls) {
  EXPECT_EQ(Scan("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Verdict::kNotTls);
  EXPECT_EQ(Scan("GET / HTTP/1.1\r\n\r\n"), Verdict::kNotTls);
  EXPECT_EQ(Scan("\x80\x2e\x01\x03\x03"), Verdict::kNotTls);  // a ClientHello of SSL 2
}

}  // namespace
}  // namespace credential_broker::h2
