#ifndef CREDENTIAL_BROKER_CLI_MONITORING_H_
#define CREDENTIAL_BROKER_CLI_MONITORING_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cli/crl_watch.h"
#include "cli/monitored_state.h"
#include "cli/reload_report.h"
#include "cli/ticker.h"
#include "config/broker_config.h"
#include "h2/listener.h"
#include "h2/server.h"
#include "http/server.h"
#include "observe/log.h"
#include "rpc/grpc_application.h"

namespace credential_broker::cli {

// What an operator sees of the broker: /metrics, /healthz, /readyz and /statusz, and the lines of
// the log that sum up what was refused.
class Monitoring : public ReloadObserver {
 public:
  // `log` and the sources outlive this object.
  Monitoring(observe::Logger& log, MonitoredSources sources);

  // Before Start. All outlive this object.
  void AddListener(const std::string& name, const h2::Server& server,
                   const rpc::GrpcApplication& application, const observe::CallMetrics& calls);
  void SetWatchStreams(std::function<std::map<std::string, std::size_t>()> by_credential);

  // Listens where `config` says so. Once. ALREADY_EXISTS: the address is in use.
  absl::Status Start(const config::HttpConfig& config);

  void OnReload(ReloadResult result) override;

  // /statusz, for another listener than Start's, which may ask before Start, too. Thread-safe.
  http::Response StatusPage() const;

  // As bound; empty: there is no http listener.
  const std::string& http_address() const { return listener_.address; }

 private:
  absl::Status Listen(const config::HttpConfig& config);

  observe::Logger& log_;
  MonitoredState state_;
  RefusalReport refusals_;
  CrlWatch crls_;
  std::vector<std::pair<std::string, const h2::Server*>> servers_;  // by name; filled before Start
  Ticker ticker_;
  h2::Listener listener_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_MONITORING_H_
