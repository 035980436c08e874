#include "walk/totals.h"

#include <utility>

namespace credential_broker::walk {
namespace {

// What a walk may leave at 0.
constexpr const char* kOptional[] = {
    "pauses of accept",  // a process without descriptors
};

}  // namespace

void AddTo(Totals& totals, const h2::Counters& counters) {
  // Names every counter: one that is new does not compile until it is listed here, and then it has
  // to be reached.
  const auto& [connections_accepted, connections_closed, probes, refused_total, refused_per_address,
               refused_per_principal, accept_pauses, tls_failures, alpn_refusals,
               handshake_timeouts, oversized_handshakes, evicted_handshakes, settings_timeouts,
               protocol_errors, header_lists_too_large, streams_refused, header_floods,
               continuation_floods, reset_floods, ping_floods, settings_floods, idle_frame_floods,
               tls_floods, unread_output, output_budget, idle_timeouts, age_limits,
               certificate_expiries, trust_changes, dead_peers, grace_cuts] = counters;
  totals["connections served"] += connections_accepted.value();
  totals["connections closed"] += connections_closed.value();
  totals["probes"] += probes.value();
  totals["refused in all"] += refused_total.value();
  totals["refused per address"] += refused_per_address.value();
  totals["refused per principal"] += refused_per_principal.value();
  totals["pauses of accept"] += accept_pauses.value();
  totals["failed TLS handshakes"] += tls_failures.value();
  totals["ALPN refusals"] += alpn_refusals.value();
  totals["handshake timeouts"] += handshake_timeouts.value();
  totals["oversized handshakes"] += oversized_handshakes.value();
  totals["evicted handshakes"] += evicted_handshakes.value();
  totals["SETTINGS timeouts"] += settings_timeouts.value();
  totals["protocol errors"] += protocol_errors.value();
  totals["header lists too large"] += header_lists_too_large.value();
  totals["streams refused"] += streams_refused.value();
  totals["header floods"] += header_floods.value();
  totals["CONTINUATION floods"] += continuation_floods.value();
  totals["reset floods"] += reset_floods.value();
  totals["ping floods"] += ping_floods.value();
  totals["SETTINGS floods"] += settings_floods.value();
  totals["idle frame floods"] += idle_frame_floods.value();
  totals["TLS floods"] += tls_floods.value();
  totals["slow readers cut"] += unread_output.value();
  totals["cut for the output budget"] += output_budget.value();
  totals["idle timeouts"] += idle_timeouts.value();
  totals["age limits"] += age_limits.value();
  totals["certificate expiries"] += certificate_expiries.value();
  totals["trust changes"] += trust_changes.value();
  totals["dead peers"] += dead_peers.value();
  totals["streams cut by a drain"] += grace_cuts.value();
}

void AddTo(Totals& totals, const rpc::Counters& counters) {
  totals["calls refused per principal"] += counters.principals_full.value();
}

void AddTo(Totals& totals, const Reached& reached) {
  const std::pair<const char*, const Count&> counts[] = {
      {"connections", reached.connections},
      {"TLS handshakes", reached.handshakes},
      {"silent clients", reached.silent},
      {"oversized ClientHellos", reached.oversized_hellos},
      {"clients gone in the handshake", reached.vanished_in_handshake},
      {"clients gone in a frame", reached.vanished_in_frame},
      {"clients gone", reached.vanished},
      {"TCP resets", reached.tcp_resets},
      {"half-closes", reached.half_closes},
      {"requests", reached.requests},
      {"streams answered", reached.responses},
      {"GOAWAYs seen", reached.goaways},
      {"streams reset by the server", reached.server_resets},
      {"streams reset by clients", reached.client_resets},
      {"pieces of garbage", reached.garbage},
      {"key updates", reached.key_updates},
      {"honest calls", reached.honest_calls},
      {"handlers", reached.handlers},
      {"streams drained", reached.drained},
      {"messages taken back", reached.taken_back},
      {"posts", reached.posts},
      {"posts run", reached.posts_run},
      {"timers run", reached.timers_run},
      {"streams used while destroyed", reached.used_while_destroyed}};
  for (const auto& [name, count] : counts) {
    totals[name] += count;
  }
}

std::vector<std::string> NotReached(const Totals& totals) {
  Totals all = totals;
  for (const char* name : {"starts", "drains", "ends without a drain", "reloads",
                           "changes of trust", "wall clocks set"}) {
    all[name];
  }
  AddTo(all, h2::Counters());
  AddTo(all, rpc::Counters());
  AddTo(all, Reached());
  for (const char* name : kOptional) {
    all.erase(name);
  }
  std::vector<std::string> names;
  for (const auto& [name, count] : all) {
    if (count == 0) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace credential_broker::walk
