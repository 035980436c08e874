#include "cli/admin_listener.h"

#include <utility>

#include "base/clock.h"
#include "rpc/reflection_service.h"

namespace credential_broker::cli {

AdminListener::AdminListener(const AdminTargets& targets, http::Pages pages)
    : service_(targets.credentials, targets.audit),
      application_(router_, SystemClock(), &calls_),
      pages_(std::move(pages), application_) {
  service_.AddTo(router_);
  targets.health.AddTo(router_);
  rpc::AddReflection(router_);
  calls_.LearnMethods(router_);
}

absl::StatusOr<std::unique_ptr<AdminListener>> AdminListener::Start(const std::string& address,
                                                                    const AdminTargets& targets,
                                                                    http::Pages pages) {
  std::unique_ptr<AdminListener> listener(new AdminListener(targets, std::move(pages)));
  h2::ServerOptions options;
  options.address = address;
  options.unix_socket_mode = 0600;
  options.loops = 1;
  absl::StatusOr<std::unique_ptr<h2::Server>> server =
      h2::Server::Start(std::move(options), listener->pages_);
  if (!server.ok()) {
    return server.status();
  }
  listener->server_ = *std::move(server);
  return listener;
}

void AdminListener::AddTo(Monitoring& monitoring) const {
  monitoring.AddListener("admin", *server_, application_, calls_.metrics());
}

}  // namespace credential_broker::cli
