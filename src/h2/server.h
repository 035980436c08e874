#ifndef CREDENTIAL_BROKER_H2_SERVER_H_
#define CREDENTIAL_BROKER_H2_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/secret.h"
#include "h2/counters.h"
#include "h2/event_loop.h"
#include "h2/stream.h"

namespace credential_broker::h2 {

// A budget that refills: `burst` at once, `per_second` in the long run.
struct Rate {
  double per_second;
  double burst;
};

// What one peer may use of the server. Each limit that is met is counted in Counters.
struct Limits {
  std::size_t max_connections = 10000;
  // Of one IP address; of one user on a unix socket.
  std::size_t max_connections_per_address = 1000;
  absl::Duration handshake_timeout = absl::Seconds(5);  // TCP accept to end of TLS and preface
  absl::Duration settings_timeout = absl::Seconds(10);  // from then to the SETTINGS acknowledgement
  std::size_t max_header_list = 8 * 1024;               // beyond it the request is refused
  // Of one header section, trailers too, as decoded: beyond it the connection ends. A block of
  // HPACK can be thousands of times as large as it is on the wire (CVE-2016-6581).
  std::size_t max_header_section = 64 * 1024;
  std::size_t max_streams = 100;  // SETTINGS_MAX_CONCURRENT_STREAMS

  // Output that the peer does not take: beyond max_unread_output the peer must take some of it
  // within unread_output_timeout, again and again, or it is cut off; beyond max_queued_output at
  // once. However little it is, the peer has six times unread_output_timeout for some of it:
  // windows of 0 hold the answers of all streams (CVE-2019-9517).
  std::size_t max_unread_output = 256 * 1024;
  absl::Duration unread_output_timeout = absl::Seconds(5);
  std::size_t max_queued_output = 4 * 1024 * 1024;

  absl::Duration idle_timeout = absl::Seconds(300);        // without a stream; then GOAWAY
  absl::Duration max_connection_age = absl::Seconds(180);  // jittered by ±10%, then GOAWAY
  absl::Duration max_connection_age_grace = absl::Seconds(10);
  // From the first GOAWAY to the final one, unless the peer's answer to a PING comes sooner.
  absl::Duration shutdown_notice = absl::Milliseconds(200);
  absl::Duration keepalive_interval =
      absl::Seconds(60);                                 // a peer that is quiet so long gets a PING
  absl::Duration keepalive_timeout = absl::Seconds(20);  // and this long to show that it lives

  // RST_STREAM received, and those that errors of the peer make us send (CVE-2023-44487,
  // CVE-2025-8671), streams beyond max_streams included. 100 streams that all run into deadlines of
  // 250 ms make 400 a second; a rapid reset makes many thousands.
  Rate resets{400, 2000};
  // PING without an answer of ours since the last one: clients measure the path with one per round
  // trip that brought data.
  Rate pings{10, 100};
  Rate settings{10, 100};
  // Frames that do nothing: PRIORITY, DATA without bytes (CVE-2019-9513, CVE-2019-9518).
  Rate idle_frames{200, 1000};
};

// PEM texts. The key stays in guarded memory until OpenSSL has read it.
struct TlsIdentity {
  std::string certificate_chain;
  Secret private_key;
  std::string client_ca;  // empty: no client certificate is asked for; else one is required
};

struct ServerOptions {
  std::string address;             // "host:port", "[v6]:port" (port 0: any) or "unix:/path"
  std::optional<TlsIdentity> tls;  // none: plaintext HTTP/2 by prior knowledge
  Limits limits;
  int loops = 0;  // event loops, each a thread; 0: one a core
  // Of a unix socket: by default whoever is in the group of the process may connect.
  std::uint32_t unix_socket_mode = 0660;
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

  // Connections accepted from now on use `identity`; those that are open keep theirs. An identity
  // that does not fit is refused whole. Thread-safe.
  virtual absl::Status UpdateIdentity(const TlsIdentity& identity) = 0;

  // Stops accepting, sends GOAWAY (twice, RFC 9113 §6.8) to every connection, and waits until all
  // streams have ended, at most `grace`; what is open then is cut. Blocks; called from any thread
  // but a loop's. Idempotent; the destructor drains with no grace.
  virtual void Drain(absl::Duration grace) = 0;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_SERVER_H_
