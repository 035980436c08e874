#ifndef CREDENTIAL_BROKER_H2_LIMITS_H_
#define CREDENTIAL_BROKER_H2_LIMITS_H_

#include <cstddef>

#include "absl/time/time.h"

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

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_LIMITS_H_
