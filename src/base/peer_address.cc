#include "base/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace credential_broker {
namespace {

constexpr std::size_t kNetworkBytes = 8;  // of a /64

}  // namespace

std::string_view HostOf(std::string_view peer_address) {
  if (peer_address.starts_with('[')) {
    const std::size_t end = std::min(peer_address.find(']'), peer_address.size());
    return peer_address.substr(1, end - 1);
  }
  return peer_address.substr(0, peer_address.rfind(':'));
}

std::string CountedAddress(std::string_view host) {
  std::string counted(host);
  in6_addr v6{};
  if (inet_pton(AF_INET6, counted.c_str(), &v6) != 1) {
    return counted;
  }
  char text[INET6_ADDRSTRLEN] = {};
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    return inet_ntop(AF_INET, &v6.s6_addr[12], text, sizeof(text));
  }
  std::fill(std::begin(v6.s6_addr) + kNetworkBytes, std::end(v6.s6_addr), std::uint8_t{0});
  counted = inet_ntop(AF_INET6, &v6, text, sizeof(text));
  counted += "/64";
  return counted;
}

}  // namespace credential_broker
