#ifndef CREDENTIAL_BROKER_H2_SERVER_H_
#define CREDENTIAL_BROKER_H2_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/certificate_scope.h"
#include "core/clock.h"
#include "core/peer.h"
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
  // Connections that have authenticated: whose TLS handshake with a client certificate is done, or,
  // where no certificate is asked for, whose HTTP/2 preface has come. An address is an IPv4
  // address, an IPv6 /64 network, or a user on a unix socket (Peer::counted_as).
  std::size_t max_connections = 10000;
  std::size_t max_connections_per_address = 1000;
  // Connections that have not, apart from those: beyond it the oldest is closed for a new one. Each
  // event loop has its share, at least 8. A client can make each of them hold 84 KB: 54 MB in all.
  std::size_t max_handshakes = 640;
  std::size_t max_handshakes_per_address = 160;
  absl::Duration handshake_timeout = absl::Seconds(5);  // TCP accept to end of TLS and preface
  absl::Duration settings_timeout = absl::Seconds(10);  // from then to the SETTINGS acknowledgement
  std::size_t max_header_list = 8 * 1024;               // beyond it the request is refused
  // Of one header section, trailers too, as decoded: beyond it the connection ends. A block of
  // HPACK can be thousands of times as large as it is on the wire (CVE-2016-6581).
  std::size_t max_header_section = 64 * 1024;
  std::size_t max_streams = 100;  // SETTINGS_MAX_CONCURRENT_STREAMS

  // Output that the peer does not take (CVE-2019-9511, CVE-2019-9517). In each turn of
  // unread_output_timeout the peer must take min_output_rate, in bytes a second, or all that waited
  // when the turn began. Beyond max_unread_output one slow turn ends the connection, below it six
  // in a row; so windows of 0 for some seconds and slow links live. Beyond max_queued_output the
  // connection ends at once.
  std::size_t max_unread_output = 256 * 1024;
  std::size_t min_output_rate = 1024;
  absl::Duration unread_output_timeout = absl::Seconds(5);
  std::size_t max_queued_output = 4 * 1024 * 1024;
  // Memory of the queued output of all connections together. Beyond it the connections with the
  // largest queues are closed.
  std::size_t max_queued_output_total = 32 * 1024 * 1024;

  // Of each principal (ServerOptions::principal_of), over all of its connections and addresses. A
  // stream counts once, and once more for each KiB of memory that its request headers take.
  std::size_t max_connections_per_principal = 1000;
  std::size_t max_streams_per_principal = 20'000;

  absl::Duration idle_timeout = absl::Seconds(300);        // without a stream; then GOAWAY
  absl::Duration max_connection_age = absl::Seconds(180);  // jittered by ±10%, then GOAWAY
  absl::Duration max_connection_age_grace = absl::Seconds(10);
  // Between two looks at the wall clock, which can be set, for client certificates that expire.
  absl::Duration wall_clock_check = absl::Seconds(60);
  // Time over which open connections are verified again after a change of client CAs or CRLs.
  // Longer where that would take more than a fifth of a loop's time: many connections, a large CRL.
  absl::Duration trust_check_spread = absl::Seconds(5);
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
  // Frames that do nothing: PRIORITY, DATA without bytes (CVE-2019-9513, CVE-2019-9518), GOAWAY,
  // acknowledgements of PING.
  Rate idle_frames{200, 1000};
};

// A CA that may issue client certificates for some names only.
struct ClientAuthority {
  std::string name;          // for error messages: its file
  std::string certificates;  // PEM
  CertificateScope scope;

  bool operator==(const ClientAuthority& other) const = default;
};

// PEM texts. The key stays in guarded memory until OpenSSL has read it.
struct TlsIdentity {
  std::string certificate_chain;
  Secret private_key;
  // CAs whose client certificates may have any name. Where there is neither this nor a
  // ClientAuthority, no client certificate is asked for; else one is required.
  std::string client_ca;
  std::vector<ClientAuthority> client_authorities = {};
  std::string client_crls = {};  // empty: revocation is not checked
  // A certificate in client_ca that is not a CA's is taken too, and trusted for itself alone; else
  // it is refused.
  bool allow_pinned_client = false;

  bool asks_for_certificate() const { return !client_ca.empty() || !client_authorities.empty(); }
};

// What operators should know of the client CAs and CRLs in force.
struct ClientTrustReport {
  struct Crl {
    absl::Time issued_at = absl::InfinitePast();
    // nextUpdate: from then on certificates of its issuer are refused.
    absl::Time expires_at = absl::InfinitePast();
  };
  // By issuer. Of several that are in force for one name (of two keys, or of two distribution
  // points) the one that expires first.
  std::map<std::string, Crl> crls;
  // Issuers of CRLs that are not used: the file has a newer one.
  std::vector<std::string> superseded_crls;
  // Subjects of client CAs whose certificates are not checked for revocation: no CRL is signed by
  // their key. Empty without CRLs.
  std::vector<std::string> authorities_without_crl;
};

// When a certificate is valid.
struct CertificateValidity {
  absl::Time not_before;
  absl::Time not_after;
};

// Of the certificates that a listener uses, those that expire first.
struct ExpiringCertificates {
  std::optional<CertificateValidity> server;     // of the chain that it sends; none: plaintext
  std::optional<CertificateValidity> client_ca;  // of its client CAs; none: it has none
};

// Checks `identity` as Server::Start and UpdateIdentity do.
absl::StatusOr<ClientTrustReport> CheckIdentity(const TlsIdentity& identity);

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
