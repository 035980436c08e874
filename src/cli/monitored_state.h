#ifndef CREDENTIAL_BROKER_CLI_MONITORED_STATE_H_
#define CREDENTIAL_BROKER_CLI_MONITORED_STATE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "cli/listener_metrics.h"
#include "cli/loop_watch.h"
#include "cli/reload_report.h"
#include "core/current_credentials.h"
#include "http/pages.h"
#include "http/status_page.h"
#include "observe/audit.h"
#include "observe/call_metrics.h"
#include "observe/credential_metrics.h"
#include "observe/log.h"
#include "service/readiness.h"

namespace credential_broker::cli {

// What happens in the broker, as far as operators see it. All of it outlives whoever looks.
struct MonitoredSources {
  const CurrentCredentials& credentials;
  const service::Readiness& readiness;
  const observe::CredentialMetrics& upstream;
  observe::AuditLog& audit;
  const observe::Logger& log;
};

struct MonitoredState {
  MonitoredState(MonitoredSources looked_at, const Clock& of_time)
      : sources(looked_at),
        clock(of_time),
        started_at(of_time.Now()),
        last_reload_success_ms(absl::ToUnixMillis(of_time.WallNow())),
        loops(of_time) {}

  const MonitoredSources sources;
  const Clock& clock;
  const BootTime started_at;

  // How often a reload ended so, by ReloadResult.
  std::array<std::atomic<std::uint64_t>, kReloadResults.size()> reloads{};

  // Of the last reload; at the start of the configuration that the broker started with.
  std::atomic<bool> last_reload_successful{true};
  std::atomic<std::int64_t> last_reload_success_ms;

  // All below is filled, and never changed again.
  std::atomic<bool> complete{false};
  std::vector<MonitoredListener> listeners;
  std::vector<const observe::CallMetrics*> calls;
  std::function<std::map<std::string, std::size_t>()> watch_streams;  // open ones by credential
  LoopWatch loops;
};

// The credentials in force, in order of name.
std::vector<CredentialStatus> StatusOfAll(const CurrentCredentials& credentials);

// The text of /metrics. Of a credential that is not in force nothing is in it.
std::string MetricsText(const MonitoredState& state);

// What /statusz shows.
http::StatusReport MakeStatusReport(const MonitoredState& state);

// 200 while each event loop runs what is posted to it, whatever InvestSuite does.
http::Response LivenessPage(MonitoredState& state);

// 200 while the broker is ready (service/readiness.h), else 503.
http::Response ReadinessPage(const MonitoredState& state);

// The same status, with the state, last error and next attempt of each credential.
http::Response VerboseReadinessPage(const MonitoredState& state);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_MONITORED_STATE_H_
