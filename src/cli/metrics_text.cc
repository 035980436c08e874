#include <utility>

#include "cli/monitored_state.h"
#include "cli/version.h"
#include "core/reason.h"
#include "observe/metric_writer.h"
#include "observe/process_metrics.h"

namespace credential_broker::cli {
namespace {

// There from the start, so that the first of them is an increase.
constexpr Reason kDenials[] = {Reason::kCallerNotAllowed, Reason::kCallerUnauthenticated,
                               Reason::kCallerRateLimited};

template <typename Counts>
void WriteByCredential(const std::vector<CredentialStatus>& credentials, const Counts& counts,
                       observe::MetricWriter& writer) {
  for (const CredentialStatus& credential : credentials) {
    const auto it = counts.find(credential.name);
    writer.Sample({{"credential", credential.name}},
                  it == counts.end() ? std::uint64_t{0} : std::uint64_t{it->second});
  }
}

void WriteDenials(std::map<Reason, std::uint64_t> counts, observe::MetricWriter& writer) {
  for (const Reason reason : kDenials) {
    counts.try_emplace(reason, 0);
  }
  writer.BeginCounter("credential_broker_callers_denied_total", "Calls refused, by why.");
  for (const auto& [reason, count] : counts) {
    writer.Sample({{"reason", ReasonName(reason)}}, count);
  }
}

void WriteReloads(const MonitoredState& state, observe::MetricWriter& writer) {
  writer.BeginCounter("credential_broker_config_reloads_total",
                      "Reloads of the configuration, by how they ended.");
  for (const ReloadResult result : kReloadResults) {
    writer.Sample({{"result", ReloadResultName(result)}},
                  state.reloads.at(static_cast<std::size_t>(result)).load());
  }
}

}  // namespace

std::string MetricsText(const MonitoredState& state) {
  const std::vector<CredentialStatus> credentials = StatusOfAll(state.sources.credentials);
  const observe::AuditLog& audit = state.sources.audit;
  observe::MetricWriter writer;
  writer.BeginGauge("credential_broker_build_info", "1, with the version of this build.");
  writer.Sample({{"version", Version()}}, std::uint64_t{1});
  observe::WriteCredentialStates(credentials, writer);
  writer.BeginCounter("credential_broker_tokens_served_total", "Tokens given to callers.");
  WriteByCredential(credentials, audit.issued().ServedByCredential(), writer);
  writer.BeginGauge("credential_broker_watch_streams", "WatchToken streams that are open.");
  WriteByCredential(
      credentials,
      state.watch_streams ? state.watch_streams() : std::map<std::string, std::size_t>(), writer);
  WriteDenials(audit.denials().counts(), writer);
  state.sources.upstream.Write(writer);
  WriteReloads(state, writer);
  WriteListenerMetrics(state.listeners, writer);
  observe::WriteCallMetrics(state.calls, writer);
  observe::WriteProcessMetrics(writer);
  return std::move(writer).Take();
}

}  // namespace credential_broker::cli
