#include "h2/handshake_scanner.h"

#include <algorithm>

namespace credential_broker::h2 {
namespace {

// RFC 8446 §5.1 and §4.
constexpr std::uint8_t kChangeCipherSpec = 20;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kApplicationData = 23;
constexpr std::uint8_t kClientHello = 1;

}  // namespace

HandshakeScanner::Verdict HandshakeScanner::Scan(std::string_view bytes) {
  while (!bytes.empty() && !encrypted_) {
    if (left_in_record_ == 0) {
      if (!record_.Add(bytes)) {
        break;
      }
      if (Verdict verdict = BeginRecord(); verdict != Verdict::kGood) {
        return verdict;
      }
      continue;
    }
    const std::string_view payload = bytes.substr(0, left_in_record_);
    bytes.remove_prefix(payload.size());
    left_in_record_ -= payload.size();
    if (record_.bytes[0] == kHandshake) {
      if (Verdict verdict = ScanMessages(payload); verdict != Verdict::kGood) {
        return verdict;
      }
    }
    if (left_in_record_ == 0) {
      record_.size = 0;
    }
  }
  return Verdict::kGood;
}

HandshakeScanner::Verdict HandshakeScanner::BeginRecord() {
  const std::uint8_t type = record_.bytes[0];
  if (type < kChangeCipherSpec || type > kApplicationData) {
    return Verdict::kNotTls;
  }
  left_in_record_ = std::size_t{record_.bytes[3]} << 8 | record_.bytes[4];
  if (left_in_record_ == 0) {
    record_.size = 0;
  }
  // A client of TLS 1.3 may send it, without a meaning, before its second ClientHello.
  encrypted_ = type == kChangeCipherSpec && key_exchanged_;
  return Verdict::kGood;
}

HandshakeScanner::Verdict HandshakeScanner::ScanMessages(std::string_view payload) {
  while (!payload.empty()) {
    if (left_in_message_ > 0) {
      const std::size_t skipped = std::min(left_in_message_, payload.size());
      payload.remove_prefix(skipped);
      left_in_message_ -= skipped;
      continue;
    }
    if (!message_.Add(payload)) {
      break;
    }
    message_.size = 0;
    const auto& header = message_.bytes;
    left_in_message_ = std::size_t{header[1]} << 16 | std::size_t{header[2]} << 8 | header[3];
    if (left_in_message_ > (header[0] == kClientHello ? kMaxClientHello : kMaxMessage)) {
      return Verdict::kTooLarge;
    }
    key_exchanged_ = key_exchanged_ || header[0] != kClientHello;
  }
  return Verdict::kGood;
}

}  // namespace credential_broker::h2
