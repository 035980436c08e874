#ifndef CREDENTIAL_BROKER_CONFIG_LISTEN_ADDRESS_H_
#define CREDENTIAL_BROKER_CONFIG_LISTEN_ADDRESS_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace credential_broker::config {

inline constexpr std::string_view kUnixPrefix = "unix:";
inline constexpr std::uint32_t kMaxPort = 65535;

// Who can reach a listener.
enum class Reach {
  kThisMachine,  // a unix socket, 127.0.0.0/8, [::1] or localhost: plaintext is harmless there
  kNetwork,
};

// Checks `address`: `host:port`, `[v6]:port` or `unix:/absolute/path`. Port 0 takes any free one.
// The host is an address or a name; no name is looked up. The message of an error tells the mend.
absl::StatusOr<Reach> CheckListenAddress(std::string_view address);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_LISTEN_ADDRESS_H_
