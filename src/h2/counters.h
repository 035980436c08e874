#ifndef CREDENTIAL_BROKER_H2_COUNTERS_H_
#define CREDENTIAL_BROKER_H2_COUNTERS_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace credential_broker::h2 {

// A number that only grows, for metrics. Thread-safe.
class Counter {
 public:
  void Add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// A counter of what peers are to blame for, which names one of them. Thread-safe.
class PeerCounter {
 public:
  // `peer`: its address.
  void Add(std::string_view peer) {
    MutexLock lock(mutex_);
    last_peer_ = peer;
    count_.Add();
  }
  std::uint64_t value() const { return count_.value(); }
  // Empty: there was none.
  std::string last_peer() const {
    MutexLock lock(mutex_);
    return last_peer_;
  }

 private:
  Counter count_;
  mutable Mutex mutex_;
  std::string last_peer_ ABSL_GUARDED_BY(mutex_);
};

// What a listener has seen. Nothing here is counted per request, so the loops do not share a hot
// cache line. Each limit of Limits that concerns connections has one counter, which says how often
// it was met.
struct Counters {
  Counter connections_accepted;  // let in, whether they authenticate or not
  Counter connections_closed;    // of those
  Counter probes;  // closed by the client before it sent a byte, as load balancers' checks do

  PeerCounter refused_total;          // max_connections
  PeerCounter refused_per_address;    // max_connections_per_address
  PeerCounter refused_per_principal;  // max_connections_per_principal
  Counter accept_pauses;      // out of descriptors or memory: the listener paused and came back
  PeerCounter tls_failures;   // handshake failed, client certificates that are missing or not
                              // trusted included
  PeerCounter alpn_refusals;  // handshake fine, but the client did not offer h2
  PeerCounter handshake_timeouts;
  PeerCounter oversized_handshakes;  // a message of more than 16 KiB
  PeerCounter evicted_handshakes;    // for new ones, beyond max_handshakes
  PeerCounter settings_timeouts;
  PeerCounter protocol_errors;  // connections ended by GOAWAY with an error that nghttp2 found

  Counter header_lists_too_large;  // requests
  Counter streams_refused;         // beyond max_streams
  PeerCounter header_floods;       // connections ended by max_header_section; ended for all below
  PeerCounter continuation_floods;
  PeerCounter reset_floods;
  PeerCounter ping_floods;
  PeerCounter settings_floods;
  PeerCounter idle_frame_floods;
  PeerCounter tls_floods;  // key updates, attempts to renegotiate
  PeerCounter unread_output;
  PeerCounter output_budget;  // the largest queues when max_queued_output_total was exceeded
  Counter idle_timeouts;
  Counter age_limits;
  Counter certificate_expiries;
  Counter trust_changes;  // certificates that a changed client CA or CRL does not cover any more
  Counter dead_peers;
  Counter grace_cuts;  // streams still open at the end of the grace of age or drain

  // Connections that are open now. Both numbers are read, one after the other.
  std::uint64_t connections_open() const {
    const std::uint64_t closed = connections_closed.value();
    const std::uint64_t accepted = connections_accepted.value();
    return accepted - std::min(closed, accepted);
  }
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_COUNTERS_H_
