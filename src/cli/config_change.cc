#include "cli/config_change.h"

namespace credential_broker::cli {

std::vector<std::string> KeysThatNeedRestart(const config::BrokerConfig& running,
                                             const config::BrokerConfig& wanted) {
  std::vector<std::string> keys;
  const auto compare = [&keys](const char* key, const auto& before, const auto& after) {
    if (before != after) {
      keys.emplace_back(key);
    }
  };
  const config::ServerConfig& server = running.server;
  const config::ServerConfig& next = wanted.server;
  compare("server.listen", server.listen, next.listen);
  // Another certificate is shown at once; but TLS on a plaintext listener, or none on one with TLS,
  // would be another listener.
  compare("server.tls", server.has_tls, next.has_tls);
  compare("server.reflection", server.reflection, next.reflection);
  compare("server.max_wait", server.max_wait, next.max_wait);
  compare("server.max_connection_age", server.max_connection_age, next.max_connection_age);
  compare("server.max_connections", server.max_connections, next.max_connections);
  compare("server.max_connections_per_address", server.max_connections_per_address,
          next.max_connections_per_address);
  compare("server.max_connections_per_principal", server.max_connections_per_principal,
          next.max_connections_per_principal);
  compare("server.max_streams_per_principal", server.max_streams_per_principal,
          next.max_streams_per_principal);
  compare("admin", running.admin, wanted.admin);
  compare("http", running.http, wanted.http);
  compare("kubernetes_callers", running.kubernetes_callers, wanted.kubernetes_callers);
  compare("kubernetes", running.kubernetes, wanted.kubernetes);
  compare("session_store", running.session_store.type, wanted.session_store.type);
  compare("log.format", running.log.format, wanted.log.format);
  return keys;
}

}  // namespace credential_broker::cli
