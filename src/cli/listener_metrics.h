#ifndef CREDENTIAL_BROKER_CLI_LISTENER_METRICS_H_
#define CREDENTIAL_BROKER_CLI_LISTENER_METRICS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "h2/counters.h"
#include "h2/tls_identity.h"
#include "observe/log.h"
#include "observe/metric_writer.h"
#include "rpc/counters.h"

namespace credential_broker::cli {

struct MonitoredListener {
  std::string name;  // the label `listener`: "grpc", "admin"
  std::string address;
  const h2::Counters* counters;
  const rpc::Counters* calls;
  // Of the TLS identity in force; null as long as nothing can tell them.
  std::function<h2::ExpiringCertificates()> certificates = nullptr;
};

// All counters of each listener, credential_broker_connections_* and so on.
void WriteListenerMetrics(const std::vector<MonitoredListener>& listeners,
                          observe::MetricWriter& writer);

// When each listener's certificates were issued and expire.
void WriteCertificateMetrics(const std::vector<MonitoredListener>& listeners,
                             observe::MetricWriter& writer);

// Connections that were refused or cut for a limit or a failed handshake.
std::uint64_t RefusedConnections(const h2::Counters& counters);

// Tells in the log what listeners have refused: a line for each listener and cause, with the count
// since the last time, however many there were, and the address of the last peer. Not thread-safe.
class RefusalReport {
 public:
  // `log` outlives this object.
  explicit RefusalReport(observe::Logger& log) : log_(log) {}

  // To be called every few seconds.
  void Tell(const std::vector<MonitoredListener>& listeners);

 private:
  observe::Logger& log_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> told_;  // by listener and cause
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_LISTENER_METRICS_H_
