#ifndef CREDENTIAL_BROKER_CLI_BROKER_H_
#define CREDENTIAL_BROKER_CLI_BROKER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/admin_listener.h"
#include "cli/serving_credentials.h"
#include "config/broker_config.h"
#include "core/credential_runner.h"
#include "core/current_credentials.h"
#include "h2/server.h"
#include "observe/audit.h"
#include "observe/credential_log.h"
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
class Broker {
 public:
  // Listens, serves, and then logs in: an address that is taken costs no login. `log` outlives the
  // broker. Errors name the address, file or limit, and what to do; ALREADY_EXISTS: the address is
  // in use.
  static absl::StatusOr<std::unique_ptr<Broker>> Start(const config::BrokerConfig& config,
                                                       observe::Logger& log);

  // Not ready any more, waiting calls answered with SHUTTING_DOWN, connections told to go
  // elsewhere; calls in flight have `grace` to finish.
  void Drain(absl::Duration grace);

  // As bound.
  const std::string& address() const { return server_->address(); }
  // Empty: there is no admin service.
  std::string admin_address() const { return admin_ == nullptr ? "" : admin_->address(); }

 private:
  Broker(const config::BrokerConfig& config, observe::Logger& log);
  absl::Status Listen(const config::ServerConfig& config);
  absl::Status ListenForOperators(const config::AdminConfig& config);

  // What happens to credentials goes to the log and to readiness.
  class Events : public CredentialObserver {
   public:
    Events(observe::Logger& log, service::Readiness& readiness)
        : log_(log), readiness_(readiness) {}
    void OnTokenObtained(std::string_view credential, std::string_view operation,
                         const Token& token, absl::Duration took) override;
    void OnUpstreamFailed(std::string_view credential, std::string_view operation,
                          const AttemptFailure& failure, absl::Duration took,
                          absl::Duration retry_in) override;
    void OnStateChanged(std::string_view credential, CredentialState state) override;

   private:
    observe::CredentialLog log_;
    service::Readiness& readiness_;
  };

  rpc::HealthService health_;
  service::Readiness readiness_;
  Events events_;
  observe::AuditLog audit_;
  ServingCredentials serving_;
  CurrentCredentials credentials_;
  service::TokenService tokens_;
  rpc::Router router_;
  rpc::GrpcApplication application_;
  std::unique_ptr<h2::Server> server_;
  std::unique_ptr<AdminListener> admin_;  // null: none is configured
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_BROKER_H_
