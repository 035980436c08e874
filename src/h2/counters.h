#ifndef CREDENTIAL_BROKER_H2_COUNTERS_H_
#define CREDENTIAL_BROKER_H2_COUNTERS_H_

#include <atomic>
#include <cstdint>

namespace credential_broker::h2 {

// A number that only grows, for metrics. Thread-safe.
class Counter {
 public:
  void Add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// What a listener has seen. Nothing here is counted per request, so the loops do not share a hot
// cache line. Each limit of Limits has one counter, which says how often it was met.
struct Counters {
  Counter connections_accepted;  // admitted; open ones are these less connections_closed
  Counter connections_closed;

  Counter refused_total;        // max_connections
  Counter refused_per_address;  // max_connections_per_address
  Counter accept_pauses;        // out of descriptors or memory: the listener paused and came back
  Counter tls_failures;   // handshake failed, client certificates that are missing or not trusted
                          // included
  Counter alpn_refusals;  // handshake fine, but the client did not offer h2
  Counter handshake_timeouts;
  Counter settings_timeouts;
  Counter protocol_errors;  // connections ended by GOAWAY with an error that nghttp2 found

  Counter header_lists_too_large;  // requests
  Counter streams_refused;         // beyond max_streams
  Counter header_floods;           // connections ended by max_header_section; ended for all below
  Counter continuation_floods;
  Counter reset_floods;
  Counter ping_floods;
  Counter settings_floods;
  Counter idle_frame_floods;
  Counter tls_floods;  // key updates, attempts to renegotiate
  Counter unread_output;
  Counter idle_timeouts;
  Counter age_limits;
  Counter dead_peers;
  Counter grace_cuts;  // streams still open at the end of the grace of age or drain
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_COUNTERS_H_
