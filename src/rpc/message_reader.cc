#include "rpc/message_reader.h"

#include <cstdint>

#include "base/strings.h"
#include "rpc/call.h"

namespace credential_broker::rpc {
namespace {

// A buffer that grew beyond this is given back once it is empty: a stream may be idle for long
// after one large message.
constexpr std::size_t kMaxIdleCapacity = 4096;

std::uint32_t LengthOf(std::string_view prefix) {
  std::uint32_t length = 0;
  for (char c : prefix.substr(1, 4)) {
    length = length << 8U | static_cast<unsigned char>(c);
  }
  return length;
}

}  // namespace

void MessageReader::Feed(std::string_view piece) {
  if (rest_.empty()) {
    rest_ = piece;
    rest_is_kept_ = false;
    return;
  }
  Keep();
  kept_.append(piece);
  rest_ = kept_;
}

absl::StatusOr<std::optional<std::string_view>> MessageReader::Next() {
  if (rest_.size() < kFramePrefixSize) {
    return std::nullopt;
  }
  const int flags = static_cast<unsigned char>(rest_.front());
  if (flags == 1) {
    return absl::InternalError(
        "a message is flagged as compressed, but grpc-encoding names no encoding");
  }
  if (flags != 0) {
    return absl::InternalError(StrCat("a message has the unknown flags ", flags, "; must be 0"));
  }
  const std::uint32_t length = LengthOf(rest_);
  if (length > max_message_) {
    return absl::ResourceExhaustedError(
        StrCat("a message has ", length, " bytes; at most ", max_message_, " are taken"));
  }
  if (rest_.size() - kFramePrefixSize < length) {
    return std::nullopt;
  }
  const std::string_view message = rest_.substr(kFramePrefixSize, length);
  rest_.remove_prefix(kFramePrefixSize + length);
  return message;
}

void MessageReader::Keep() {
  if (rest_.empty()) {
    rest_is_kept_ = false;
    if (kept_.capacity() > kMaxIdleCapacity) {
      std::string().swap(kept_);  // an assignment would keep the memory
    }
    return;
  }
  if (rest_is_kept_) {
    kept_.erase(0, kept_.size() - rest_.size());
  } else {
    kept_.assign(rest_);
    rest_is_kept_ = true;
  }
  rest_ = kept_;
}

}  // namespace credential_broker::rpc
