#ifndef CREDENTIAL_BROKER_CLI_BROKER_H_
#define CREDENTIAL_BROKER_CLI_BROKER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/admin_listener.h"
#include "cli/call_recorder.h"
#include "cli/caller_gate.h"
#include "cli/monitoring.h"
#include "cli/reloader.h"
#include "cli/serving_credentials.h"
#include "config/broker_config.h"
#include "core/credential_runner.h"
#include "core/current_credentials.h"
#include "h2/server.h"
#include "observe/audit.h"
#include "observe/credential_log.h"
#include "observe/credential_metrics.h"
#include "observe/log.h"
#include "rpc/grpc_application.h"
#include "rpc/health_service.h"
#include "rpc/router.h"
#include "service/call_admission.h"
#include "service/readiness.h"
#include "service/token_service.h"

namespace credential_broker::cli {

// The broker: every room wired together. Members stand in the order in which they need each other.
//
//   a request:  server → application → router → token service → policy → credential → reply
//   a refresh:  credential's thread → InvestSuite → credential → waiting calls, log, readiness →
//   health
//   a reload:   reloader → credentials → policy → streams
//
// Apply, OnFilesChanged and Drain are called by one thread at a time.
class Broker : public Reloadable {
 public:
  ~Broker() override;
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // Listens, serves, and then logs in: an address that is taken costs no login. `log` outlives the
  // broker. Errors name the address, file or limit, and what to do; ALREADY_EXISTS: the address is
  // in use.
  static absl::StatusOr<std::unique_ptr<Broker>> Start(const config::BrokerConfig& config,
                                                       observe::Logger& log);

  // Keys that are read at the start only are left as they are.
  absl::StatusOr<ConfigChange> Apply(const config::BrokerConfig& config) override;
  std::vector<std::string> OnFilesChanged(const std::vector<std::string>& files) override;

  // Reports NOT_SERVING, and serves unchanged for `drain_delay`, so that load balancers can stop
  // sending clients here. Then answers waiting calls with SHUTTING_DOWN, sends GOAWAY, stops
  // listening and lets calls in flight finish. Blocks until all that has ended.
  void Drain();

  // Returns `server.drain_delay` of the configuration in force.
  absl::Duration drain_delay() const { return drain_delay_; }

  // As bound.
  const std::string& address() const { return server_->address(); }
  // Counts reloads.
  ReloadObserver& reload_observer() { return monitoring_; }
  // Empty: there is no http listener.
  const std::string& http_address() const { return monitoring_.http_address(); }
  // Empty: there is no admin service.
  std::string admin_address() const { return admin_ == nullptr ? "" : admin_->address(); }

 private:
  Broker(const config::BrokerConfig& config, observe::Logger& log,
         std::unique_ptr<CallerGate> callers);
  // Sets the gRPC health of the service and of the process.
  void ShowHealth(service::ReadinessPhase phase);
  absl::Status Listen(const config::ServerConfig& config);
  // True: the listener shows another identity from now on.
  absl::StatusOr<bool> UpdateTls(const config::ServerConfig& config);
  absl::Status ListenForOperators(const config::AdminConfig& config);

  // What happens to credentials goes to the log, to metrics and to readiness.
  class Events : public CredentialObserver {
   public:
    Events(observe::Logger& log, observe::CredentialMetrics& metrics, observe::AuditLog& audit,
           service::Readiness& readiness)
        : log_(log), metrics_(metrics), audit_(audit), readiness_(readiness) {}
    void OnTokenObtained(std::string_view credential, std::string_view operation,
                         const Token& token, absl::Duration took) override;
    void OnUpstreamFailed(std::string_view credential, std::string_view operation,
                          const AttemptFailure& failure, absl::Duration took,
                          absl::Duration retry_in) override;
    void OnStateChanged(std::string_view credential, CredentialState state) override;
    void OnReplaced(const std::vector<std::string>& started,
                    const std::vector<std::string>& removed) override;

   private:
    observe::CredentialLog log_;
    observe::CredentialMetrics& metrics_;
    observe::AuditLog& audit_;
    service::Readiness& readiness_;
  };

  rpc::HealthService health_;
  service::Readiness readiness_;
  observe::AuditLog audit_;
  observe::CredentialMetrics upstream_metrics_;
  Events events_;
  ServingCredentials serving_;
  CurrentCredentials credentials_;
  const std::unique_ptr<CallerGate> callers_;
  service::TokenService tokens_;
  rpc::Router router_;
  CallRecorder calls_;
  service::CallAdmission admission_;
  rpc::GrpcApplication application_;
  std::unique_ptr<h2::Server> server_;
  std::optional<std::string> tls_digest_;  // of the identity that is shown; none: plaintext
  std::unique_ptr<AdminListener> admin_;   // null: none is configured
  absl::Duration drain_delay_;
  Monitoring monitoring_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_BROKER_H_
