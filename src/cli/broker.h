#ifndef CREDENTIAL_BROKER_CLI_BROKER_H_
#define CREDENTIAL_BROKER_CLI_BROKER_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
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

  struct DrainTimes {
    // How long the broker says that it is going, and serves as ever: whoever sends callers here
    // has so long to notice.
    absl::Duration notice;
    // How long calls in flight then have to finish.
    absl::Duration grace;
  };

  // Not ready any more; after the notice waiting calls are answered with SHUTTING_DOWN and
  // connections told to go elsewhere.
  void Drain(const DrainTimes& times);

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
    void OnRemoved(std::string_view credential) override;

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
  rpc::GrpcApplication application_;
  std::unique_ptr<h2::Server> server_;
  std::optional<std::string> tls_digest_;  // of the identity that is shown; none: plaintext
  std::unique_ptr<AdminListener> admin_;   // null: none is configured
  Monitoring monitoring_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_BROKER_H_
