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
    {"max_connections_per_principal", &Counters::refused_per_principal},
};

constexpr PeerCause kHandshakes[] = {
    {"tls", &Counters::tls_failures},
    {"alpn", &Counters::alpn_refusals},
    {"timeout", &Counters::handshake_timeouts},
    {"message_too_large", &Counters::oversized_handshakes},
    {"evicted", &Counters::evicted_handshakes},
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
    {"output_budget", &Counters::output_budget},
};

// Those that are in the order of things.
constexpr PlainCause kRetired[] = {
    {"idle_timeout", &Counters::idle_timeouts},
    {"max_connection_age", &Counters::age_limits},
    {"certificate_expired", &Counters::certificate_expiries},
    {"certificate_not_trusted", &Counters::trust_changes},
    {"keepalive_timeout", &Counters::dead_peers},
};

constexpr PlainCause kRequests[] = {
    {"header_list", &Counters::header_lists_too_large},
    {"max_streams", &Counters::streams_refused},
};

// The counters that are families of their own: accepted, closed (which makes "open"), probes,
// pauses, cuts.
constexpr std::size_t kAlone = 5;

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
    writer.Sample({{"listener", listener.name}}, listener.counters->connections_open());
  }
  writer.BeginCounter("credential_broker_connections_probed_total",
                      "Connections that the client closed before it sent a byte.");
  WriteAlone(listeners, &Counters::probes, writer);
  writer.BeginCounter("credential_broker_connections_refused_total",
                      "Connections closed because a limit on their number was reached.");
  WriteCauses(listeners, kRefused, "limit", writer);
  writer.BeginCounter("credential_broker_handshakes_failed_total",
                      "Connections that failed before their first request, by cause.");
  WriteCauses(listeners, kHandshakes, "cause", writer);
  writer.BeginCounter("credential_broker_connections_cut_total",
                      "Connections closed because the client exceeded a limit.");
  WriteCauses(listeners, kMisbehaved, "limit", writer);
  writer.BeginCounter("credential_broker_connections_retired_total",
                      "Connections closed for age, idleness, certificates or dead peers.");
  WriteCauses(listeners, kRetired, "limit", writer);
  writer.BeginCounter("credential_broker_requests_refused_total",
                      "Requests refused because they exceed a limit.");
  WriteCauses(listeners, kRequests, "limit", writer);
  for (const MonitoredListener& listener : listeners) {
    writer.Sample({{"listener", listener.name}, {"limit", "message"}},
                  listener.calls->messages_too_large.value());
    writer.Sample({{"listener", listener.name}, {"limit", "max_streams_per_principal"}},
                  listener.calls->principals_full.value());
  }
  writer.BeginCounter("credential_broker_streams_cut_total",
                      "Streams still open when the grace of age or drain ended, or the client "
                      "certificate expired.");
  WriteAlone(listeners, &Counters::grace_cuts, writer);
  writer.BeginCounter("credential_broker_accept_pauses_total",
                      "Pauses of the listener for want of file descriptors or memory.");
  WriteAlone(listeners, &Counters::accept_pauses, writer);
}

void WriteCertificateMetrics(const std::vector<MonitoredListener>& listeners,
                             observe::MetricWriter& writer) {
  // Each once: a reload between two families must not mix two certificates.
  std::vector<std::pair<std::string_view, h2::ExpiringCertificates>> all;
  for (const MonitoredListener& listener : listeners) {
    if (listener.certificates != nullptr) {
      all.emplace_back(listener.name, listener.certificates());
    }
  }
  const auto write = [&](absl::Time h2::CertificateValidity::*time) {
    for (const auto& [name, certificates] : all) {
      if (certificates.server.has_value()) {
        writer.Sample({{"listener", name}, {"certificate", "server"}}, *certificates.server.*time);
      }
      if (certificates.client_ca.has_value()) {
        writer.Sample({{"listener", name}, {"certificate", "client_ca"}},
                      *certificates.client_ca.*time);
      }
    }
  };
  writer.BeginGauge("credential_broker_tls_certificate_expiration_timestamp_seconds",
                    "Expiry (notAfter) of the certificate that expires first, of the chain that "
                    "the listener sends or of its client CAs.");
  write(&h2::CertificateValidity::not_after);
  writer.BeginGauge("credential_broker_tls_certificate_not_before_timestamp_seconds",
                    "Start of validity (notBefore) of the same certificate.");
  write(&h2::CertificateValidity::not_before);
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
