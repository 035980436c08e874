#include "cli/admin_listener.h"

#include <utility>

#include "core/clock.h"
#include "rpc/reflection_service.h"

namespace credential_broker::cli {

AdminListener::AdminListener(const CurrentCredentials& credentials, AuditSink& audit,
                             const rpc::HealthService& health)
    : service_(credentials, audit), application_(router_, SystemClock()) {
  service_.AddTo(router_);
  health.AddTo(router_);
  rpc::AddReflection(router_);
}

absl::StatusOr<std::unique_ptr<AdminListener>> AdminListener::Start(
    const std::string& address, const CurrentCredentials& credentials, AuditSink& audit,
    const rpc::HealthService& health) {
  std::unique_ptr<AdminListener> listener(new AdminListener(credentials, audit, health));
  h2::ServerOptions options;
  options.address = address;
  options.unix_socket_mode = 0600;
  options.loops = 1;
  absl::StatusOr<std::unique_ptr<h2::Server>> server =
      h2::Server::Start(std::move(options), listener->application_);
  if (!server.ok()) {
    return server.status();
  }
  listener->server_ = *std::move(server);
  return listener;
}

}  // namespace credential_broker::cli
