#ifndef CREDENTIAL_BROKER_CLI_ADMIN_LISTENER_H_
#define CREDENTIAL_BROKER_CLI_ADMIN_LISTENER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/call_recorder.h"
#include "cli/monitoring.h"
#include "cli/pages_application.h"
#include "core/audit_sink.h"
#include "core/current_credentials.h"
#include "h2/server.h"
#include "http/pages.h"
#include "rpc/grpc_application.h"
#include "rpc/health_service.h"
#include "rpc/router.h"
#include "service/admin_service.h"

namespace credential_broker::cli {

// What the operators' services act on.
struct AdminTargets {
  const CurrentCredentials& credentials;
  AuditSink& audit;
  const rpc::HealthService& health;
};

// The operators' listener: the admin service, health, reflection and pages on a unix socket that
// only the broker's own user may open.
class AdminListener {
 public:
  // The targets, and what `pages` look at, outlive the listener. Errors as of h2::Server::Start.
  static absl::StatusOr<std::unique_ptr<AdminListener>> Start(const std::string& address,
                                                              const AdminTargets& targets,
                                                              http::Pages pages);

  // `monitoring` looks at this listener from now on.
  void AddTo(Monitoring& monitoring) const;

  // As h2::Server::Drain.
  void Drain(absl::Duration grace) { server_->Drain(grace); }

  const std::string& address() const { return server_->address(); }

 private:
  AdminListener(const AdminTargets& targets, http::Pages pages);

  const service::AdminService service_;
  rpc::Router router_;
  CallRecorder calls_;
  rpc::GrpcApplication application_;
  PagesApplication pages_;
  std::unique_ptr<h2::Server> server_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_ADMIN_LISTENER_H_
