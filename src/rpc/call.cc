#include "rpc/call.h"

#include <cstdint>
#include <utility>

namespace credential_broker::rpc {

void FillFramePrefix(std::string& framed, std::size_t more) {
  const auto size = static_cast<std::uint32_t>(framed.size() - kFramePrefixSize + more);
  framed[0] = 0;  // not compressed
  for (int i = 0; i < 4; ++i) {
    framed[1 + i] = static_cast<char>(size >> (24 - 8 * i));
  }
}

std::shared_ptr<const std::string> FrameMessage(std::string_view message) {
  std::string framed;
  framed.reserve(kFramePrefixSize + message.size());
  framed.append(kFramePrefixSize, '\0').append(message);
  FillFramePrefix(framed);
  return std::make_shared<const std::string>(std::move(framed));
}

}  // namespace credential_broker::rpc
