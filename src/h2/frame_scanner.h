#ifndef CREDENTIAL_BROKER_H2_FRAME_SCANNER_H_
#define CREDENTIAL_BROKER_H2_FRAME_SCANNER_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace credential_broker::h2 {

struct FrameHeader {
  std::uint8_t type;
  std::int32_t stream_id;
};

// Finds the frame headers in what a client sends (RFC 9113 §4.1), because nghttp2 passes some
// frames over without a call: DATA of closed streams and types that it does not know.
class FrameScanner {
 public:
  static constexpr std::size_t kHeaderSize = 9;

  // The next header in `bytes` from `position` on, which moves to the end of that header. None:
  // there is no further one in `bytes`; the next call is given the bytes that follow.
  std::optional<FrameHeader> Next(std::string_view bytes, std::size_t& position) {
    std::size_t skipped = std::min(skip_, bytes.size() - position);
    skip_ -= skipped;
    position += skipped;
    while (position < bytes.size()) {
      header_[have_++] = static_cast<std::uint8_t>(bytes[position++]);
      if (have_ == kHeaderSize) {
        have_ = 0;
        skip_ = std::size_t{header_[0]} << 16 | std::size_t{header_[1]} << 8 | header_[2];
        std::uint32_t id = std::uint32_t{header_[5]} << 24 | std::uint32_t{header_[6]} << 16 |
                           std::uint32_t{header_[7]} << 8 | header_[8];
        return FrameHeader{header_[3], static_cast<std::int32_t>(id & 0x7fffffff)};
      }
    }
    return std::nullopt;
  }

 private:
  std::size_t skip_ = 24;  // payload still to come; at first the preface
  std::array<std::uint8_t, kHeaderSize> header_{};
  std::size_t have_ = 0;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_FRAME_SCANNER_H_
