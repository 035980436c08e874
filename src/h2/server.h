#ifndef CREDENTIAL_BROKER_H2_SERVER_H_
#define CREDENTIAL_BROKER_H2_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/event_loop.h"
#include "core/peer.h"
#include "h2/counters.h"
#include "h2/limits.h"
#include "h2/stream.h"
#include "h2/tls_identity.h"

namespace credential_broker::h2 {

struct ServerOptions {
  std::string address;             // "host:port", "[v6]:port" (port 0: any) or "unix:/path"
  std::optional<TlsIdentity> tls;  // none: plaintext HTTP/2 by prior knowledge
  Limits limits;
  int loops = 0;  // event loops, each a thread, at most 64; 0: one a core
  // Decides when a client certificate has expired. Outlives the server.
  const Clock* clock = &SystemClock();
  // Of a unix socket: by default whoever is in the group of the process may connect.
  std::uint32_t unix_socket_mode = 0660;
  // Returns the principal of a connection, for the limits of each principal; empty: these limits do
  // not apply to it. Called once a connection, when its handshake is over, by every loop. Null: no
  // connection has a principal.
  std::function<std::string(const Peer&)> principal_of;
};

// An HTTP/2 listener: sockets, TLS, connections, limits; knows nothing of what is served.
class Server {
 public:
  virtual ~Server() = default;

  // Listens and serves until Stop. `application` outlives the server. Errors: an address that
  // cannot be parsed or bound, or TLS material that does not fit, each with what to do.
  // ALREADY_EXISTS: the port or the socket is in use by another listener, another port may do.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options,
                                                       Application& application);

  // What was bound: with the real port; "unix:/path" as given.
  virtual const std::string& address() const = 0;

  virtual const Counters& counters() const = 0;

  // One a thread.
  virtual std::vector<std::shared_ptr<EventLoop>> loops() const = 0;

  // Uses `identity` for the connections accepted from now on. When client CAs, their scopes or CRLs
  // change, each open connection is verified again (see Limits::trust_check_spread), and shut down
  // like one that is too old when a handshake would fail now. Refuses an identity that does not fit
  // as a whole. Thread-safe.
  virtual absl::Status UpdateIdentity(const TlsIdentity& identity) = 0;

  // Of the identity in force. Thread-safe.
  virtual ClientTrustReport client_trust() const = 0;

  // Returns the expiry of the identity in force. Thread-safe.
  virtual ExpiringCertificates expiring_certificates() const = 0;

  // Stops accepting, sends GOAWAY (twice, RFC 9113 §6.8) to every connection, and waits until all
  // streams have ended, at most `grace`; what is open then is cut. Blocks; called from any thread
  // but a loop's. Idempotent; the destructor drains with no grace.
  virtual void Drain(absl::Duration grace) = 0;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_SERVER_H_
