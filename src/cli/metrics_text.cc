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
                               Reason::kCallerRateLimited, Reason::kUpstreamUnavailable,
                               Reason::kUpstreamRateLimited};

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
  writer.BeginCounter("credential_broker_callers_denied_total", "Calls refused, by reason.");
  for (const auto& [reason, count] : counts) {
    writer.Sample({{"reason", ReasonName(reason)}}, count);
  }
}

void WriteReloads(const MonitoredState& state, observe::MetricWriter& writer) {
  writer.BeginCounter("credential_broker_config_reloads_total",
                      "Reloads of the configuration, by result.");
  for (const ReloadResult result : kReloadResults) {
    writer.Sample({{"result", ReloadResultName(result)}},
                  state.reloads.at(static_cast<std::size_t>(result)).load());
  }
  writer.BeginGauge("credential_broker_config_last_reload_successful",
                    "1 while the configuration files hold what is in force, 0 while they hold a "
                    "configuration that was refused.");
  writer.Sample({}, std::uint64_t{state.last_reload_successful});
  writer.BeginGauge("credential_broker_config_last_reload_success_timestamp_seconds",
                    "When the configuration was last loaded without an error.");
  writer.Sample({}, absl::FromUnixMillis(state.last_reload_success_ms));
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
  state.sources.upstream.Write(credentials, writer);
  WriteReloads(state, writer);
  WriteListenerMetrics(state.listeners, writer);
  WriteCertificateMetrics(state.listeners, writer);
  observe::WriteCallMetrics(state.calls, writer);
  writer.BeginCounter("credential_broker_log_lines_dropped_total",
                      "Log lines dropped because standard error was too slow, gone or failed.");
  writer.Sample({}, state.sources.log.lines_dropped());
  observe::WriteProcessMetrics(writer);
  return std::move(writer).Take();
}

}  // namespace credential_broker::cli
