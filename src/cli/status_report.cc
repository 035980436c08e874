#include "cli/monitored_state.h"
#include "cli/version.h"
#include "core/reason.h"

namespace credential_broker::cli {
namespace {

constexpr std::size_t kMostCallers = 20;

http::StatusReport::Credential ReportOf(CredentialStatus status,
                                        const observe::UpstreamHistory& history) {
  http::StatusReport::Credential credential;
  credential.status = std::move(status);
  credential.upstream_took.assign(history.took.begin(), history.took.end());
  for (const observe::UpstreamFailure& failure : history.failures) {
    credential.failures.push_back({failure.time, failure.operation, failure.message});
  }
  return credential;
}

}  // namespace

std::vector<CredentialStatus> StatusOfAll(const CurrentCredentials& credentials) {
  std::vector<CredentialStatus> all;
  const CurrentCredentials::SetPtr set = credentials.Get();
  for (const auto& [name, credential] : set->all()) {
    all.push_back(credential->Status());
  }
  return all;
}

http::StatusReport MakeStatusReport(const MonitoredState& state) {
  const MonitoredSources& sources = state.sources;
  http::StatusReport report;
  report.version = std::string(Version());
  report.now = state.clock.WallNow();
  report.uptime = state.clock.Now() - state.started_at;
  const service::ReadinessPhase phase = sources.readiness.phase();
  report.ready = phase == service::ReadinessPhase::kReady;
  report.draining = phase == service::ReadinessPhase::kDraining;

  std::map<std::string, std::uint64_t> served = sources.audit.issued().ServedByCredential();
  std::map<std::string, std::size_t> streams;
  if (state.watch_streams) {
    streams = state.watch_streams();
  }
  for (CredentialStatus& status : StatusOfAll(sources.credentials)) {
    const std::string name = status.name;
    http::StatusReport::Credential& credential = report.credentials.emplace_back(
        ReportOf(std::move(status), sources.upstream.HistoryOf(name)));
    credential.tokens_served = served[name];
    credential.streams = streams[name];
  }
  for (const observe::CallerCalls& caller :
       sources.audit.issued().BusiestPrincipals(kMostCallers)) {
    report.callers.push_back({caller.principal, caller.calls});
  }
  for (const auto& [reason, count] : sources.audit.denials().counts()) {
    report.denied.push_back({std::string(ReasonName(reason)), count});
  }
  for (const MonitoredListener& listener : state.listeners) {
    report.listeners.push_back(
        {listener.name, listener.address, listener.counters->connections_open(),
         listener.counters->connections_accepted.value(), RefusedConnections(*listener.counters)});
  }
  return report;
}

}  // namespace credential_broker::cli
