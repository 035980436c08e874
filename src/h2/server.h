#ifndef CREDENTIAL_BROKER_H2_SERVER_H_
#define CREDENTIAL_BROKER_H2_SERVER_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/secret.h"
#include "h2/stream.h"

namespace credential_broker::h2 {

// What one peer may use of the server. Each limit that is met is counted in Counters.
struct Limits {
  std::size_t max_connections = 10000;
  std::size_t max_connections_per_address = 1000;
  absl::Duration handshake_timeout = absl::Seconds(5);  // TCP accept to end of TLS and preface
  std::size_t max_header_list = 8 * 1024;
  std::size_t max_streams = 100;  // SETTINGS_MAX_CONCURRENT_STREAMS
  std::size_t max_unread_output = 1024 * 1024;  // a connection's bytes that its peer does not read
  absl::Duration idle_timeout = absl::Seconds(300);
  absl::Duration max_connection_age = absl::Seconds(180);  // jittered by ±10%, then GOAWAY
  absl::Duration max_connection_age_grace = absl::Seconds(10);
  // More may be needed (resets, pings, SETTINGS a second, keep-alive): add them here.
};

// PEM texts. The key stays in guarded memory until OpenSSL has read it.
struct TlsIdentity {
  std::string certificate_chain;
  Secret private_key;
  std::string client_ca;  // empty: no client certificate is asked for; else one is required
};

struct ServerOptions {
  std::string address;  // "host:port", "[v6]:port" (port 0: any) or "unix:/path"
  std::optional<TlsIdentity> tls;  // none: plaintext HTTP/2 by prior knowledge
  Limits limits;
  int loops = 0;  // event loops, each a thread; 0: one a core
};

// An HTTP/2 listener: sockets, TLS, connections, limits; knows nothing of what is served.
class Server {
 public:
  virtual ~Server() = default;

  // Listens and serves until Stop. `application` outlives the server. Errors: an address that cannot be parsed
  // or bound, or TLS material that does not fit, each with what to do.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options,
                                                       Application& application);

  // What was bound: with the real port; "unix:/path" as given.
  virtual const std::string& address() const = 0;

  // Stops accepting, sends GOAWAY (twice, RFC 9113 §6.8) to every connection, and waits until all streams have
  // ended, at most `grace`; what is open then is cut. Blocks. Idempotent; the destructor drains with no grace.
  virtual void Drain(absl::Duration grace) = 0;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_SERVER_H_
