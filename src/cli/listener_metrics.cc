#include "cli/listener_metrics.h"

#include <iterator>

namespace credential_broker::cli {
namespace {

using h2::Counters;

// Of a family each counter is one value of its label.
template <typename Counter>
struct Cause {
  std::string_view name;
  Counter Counters::*counter;
};
using PeerCause = Cause<h2::PeerCounter>;
using PlainCause = Cause<h2::Counter>;

constexpr PeerCause kRefused[] = {
    {"max_connections", &Counters::refused_total},
    {"max_connections_per_address", &Counters::refused_per_address},
};

constexpr PeerCause kHandshakes[] = {
    {"tls", &Counters::tls_failures},
    {"alpn", &Counters::alpn_refusals},
    {"timeout", &Counters::handshake_timeouts},
    {"settings_timeout", &Counters::settings_timeouts},
};

// Those that a peer earned by what it did.
constexpr PeerCause kMisbehaved[] = {
    {"protocol_error", &Counters::protocol_errors},
    {"continuations", &Counters::continuation_floods},
    {"resets", &Counters::reset_floods},
    {"pings", &Counters::ping_floods},
    {"settings", &Counters::settings_floods},
    {"idle_frames", &Counters::idle_frame_floods},
    {"headers", &Counters::header_floods},
    {"tls", &Counters::tls_floods},
    {"unread_output", &Counters::unread_output},
};

// Those that are in the order of things.
constexpr PlainCause kRetired[] = {
    {"idle_timeout", &Counters::idle_timeouts},
    {"max_connection_age", &Counters::age_limits},
    {"keepalive_timeout", &Counters::dead_peers},
};

constexpr PlainCause kRequests[] = {
    {"header_list", &Counters::header_lists_too_large},
    {"max_streams", &Counters::streams_refused},
};

// The counters that are families of their own: accepted, closed (which makes "open"), pauses, cuts.
constexpr std::size_t kAlone = 4;

// A counter that is added to h2 has to find its place here.
static_assert((std::size(kRefused) + std::size(kHandshakes) + std::size(kMisbehaved)) *
                      sizeof(h2::PeerCounter) +
                  (std::size(kRetired) + std::size(kRequests) + kAlone) * sizeof(h2::Counter) ==
              sizeof(Counters));

template <typename Causes>
void WriteCauses(const std::vector<MonitoredListener>& listeners, const Causes& causes,
                 std::string_view label, observe::MetricWriter& writer) {
  for (const MonitoredListener& listener : listeners) {
    for (const auto& cause : causes) {
      writer.Sample({{"listener", listener.name}, {label, cause.name}},
                    (listener.counters->*cause.counter).value());
    }
  }
}

void WriteAlone(const std::vector<MonitoredListener>& listeners, h2::Counter Counters::*counter,
                observe::MetricWriter& writer) {
  for (const MonitoredListener& listener : listeners) {
    writer.Sample({{"listener", listener.name}}, (listener.counters->*counter).value());
  }
}

std::uint64_t Open(const Counters& counters) {
  // Read first, so that it never seems more.
  const std::uint64_t closed = counters.connections_closed.value();
  return counters.connections_accepted.value() - closed;
}

// What is told in the log: refusals, failed handshakes, cuts for misbehaviour.
template <typename Visit>
void ForEachRefusal(Visit visit) {
  for (const PeerCause& cause : kRefused) {
    visit("limit", cause);
  }
  for (const PeerCause& cause : kHandshakes) {
    visit("handshake", cause);
  }
  for (const PeerCause& cause : kMisbehaved) {
    visit("limit", cause);
  }
}

}  // namespace

void WriteListenerMetrics(const std::vector<MonitoredListener>& listeners,
                          observe::MetricWriter& writer) {
  writer.BeginCounter("credential_broker_connections_accepted_total", "Connections admitted.");
  WriteAlone(listeners, &Counters::connections_accepted, writer);
  writer.BeginGauge("credential_broker_connections_open", "Connections that are open.");
  for (const MonitoredListener& listener : listeners) {
    writer.Sample({{"listener", listener.name}}, Open(*listener.counters));
  }
  writer.BeginCounter("credential_broker_connections_refused_total",
                      "Connections closed at once for a limit of their number.");
  WriteCauses(listeners, kRefused, "limit", writer);
  writer.BeginCounter("credential_broker_handshakes_failed_total",
                      "Connections that never came to a request, by what was wrong.");
  WriteCauses(listeners, kHandshakes, "cause", writer);
  writer.BeginCounter("credential_broker_connections_cut_total",
                      "Connections ended for what the peer did, by the limit that it met.");
  WriteCauses(listeners, kMisbehaved, "limit", writer);
  writer.BeginCounter("credential_broker_connections_retired_total",
                      "Connections ended in the order of things, by the limit of time.");
  WriteCauses(listeners, kRetired, "limit", writer);
  writer.BeginCounter("credential_broker_requests_refused_total",
                      "Requests refused before they were served, by the limit.");
  WriteCauses(listeners, kRequests, "limit", writer);
  for (const MonitoredListener& listener : listeners) {
    writer.Sample({{"listener", listener.name}, {"limit", "message"}},
                  listener.calls->messages_too_large.value());
  }
  writer.BeginCounter("credential_broker_streams_cut_total",
                      "Streams still open at the end of the grace of age or drain.");
  WriteAlone(listeners, &Counters::grace_cuts, writer);
  writer.BeginCounter("credential_broker_accept_pauses_total",
                      "Times that descriptors or memory were out, and nothing was accepted.");
  WriteAlone(listeners, &Counters::accept_pauses, writer);
}

std::uint64_t RefusedConnections(const Counters& counters) {
  std::uint64_t refused = 0;
  ForEachRefusal([&](std::string_view /*kind*/, const PeerCause& cause) {
    refused += (counters.*cause.counter).value();
  });
  return refused;
}

void RefusalReport::Tell(const std::vector<MonitoredListener>& listeners) {
  for (const MonitoredListener& listener : listeners) {
    ForEachRefusal([&](std::string_view kind, const PeerCause& cause) {
      const h2::PeerCounter& counter = listener.counters->*cause.counter;
      const std::uint64_t now = counter.value();
      std::uint64_t& told = told_[{listener.name, std::string(cause.name)}];
      if (now > told) {
        const std::string last_peer = counter.last_peer();
        log_.Warn("connections_refused", {{"listener", listener.name},
                                          {kind, cause.name},
                                          {"count", now - told},
                                          {"last_peer", last_peer}});
        told = now;
      }
    });
  }
}

}  // namespace credential_broker::cli
