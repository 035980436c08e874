#include "cli/broker.h"

#include <map>
#include <utility>
#include <vector>

#include "cli/tls_files.h"
#include "core/clock.h"
#include "rpc/reflection_service.h"

namespace credential_broker::cli {
namespace {

constexpr std::string_view kService = "investsuite.credentialbroker.v1.CredentialBrokerService";

std::vector<std::string> Names(const std::vector<config::CredentialConfig>& credentials) {
  std::vector<std::string> names;
  names.reserve(credentials.size());
  for (const config::CredentialConfig& credential : credentials) {
    names.push_back(credential.name);
  }
  return names;
}

AccessPolicy PolicyOf(const config::BrokerConfig& config) {
  std::map<std::string, std::vector<PrincipalPattern>, std::less<>> allow;
  for (const config::CredentialConfig& credential : config.credentials) {
    std::vector<PrincipalPattern>& patterns = allow[credential.name];
    for (const config::AllowRule& rule : credential.allow) {
      patterns.insert(patterns.end(), rule.principals.begin(), rule.principals.end());
    }
  }
  return AccessPolicy(std::move(allow), config.allow_any_credential);
}

}  // namespace

void Broker::Events::OnTokenObtained(std::string_view credential, std::string_view operation,
                                     const Token& token, absl::Duration took) {
  log_.OnTokenObtained(credential, operation, token, took);
}

void Broker::Events::OnUpstreamFailed(std::string_view credential, std::string_view operation,
                                      const AttemptFailure& failure, absl::Duration took,
                                      absl::Duration retry_in) {
  log_.OnUpstreamFailed(credential, operation, failure, took, retry_in);
}

void Broker::Events::OnStateChanged(std::string_view credential, CredentialState state) {
  log_.OnStateChanged(credential, state);
  readiness_.Set(credential, state);
}

Broker::Broker(const config::BrokerConfig& config, observe::Logger& log)
    : readiness_(Names(config.credentials),
                 [this](bool ready) {
                   health_.Set(kService, ready ? rpc::ServingStatus::kServing
                                               : rpc::ServingStatus::kNotServing);
                 }),
      events_(log, readiness_),
      audit_(log),
      serving_(config.credentials, events_),
      credentials_(CredentialSet(serving_.credentials(), PolicyOf(config))),
      tokens_(credentials_, audit_, SystemClock(), config.server.max_wait),
      application_(router_, SystemClock()) {
  // The process lives: that depends on nothing.
  health_.Set("", rpc::ServingStatus::kServing);
  health_.AddTo(router_);
  tokens_.AddTo(router_);
  if (config.server.reflection) {
    rpc::AddReflection(router_);
  }
}

absl::StatusOr<std::unique_ptr<Broker>> Broker::Start(const config::BrokerConfig& config,
                                                      observe::Logger& log) {
  std::unique_ptr<Broker> broker(new Broker(config, log));
  if (absl::Status status = broker->Listen(config.server); !status.ok()) {
    return status;
  }
  if (absl::Status status = broker->ListenForOperators(config.admin); !status.ok()) {
    return status;
  }
  if (absl::Status status = broker->serving_.Begin(); !status.ok()) {
    return status;
  }
  return broker;
}

absl::Status Broker::Listen(const config::ServerConfig& config) {
  h2::ServerOptions options;
  options.address = config.listen;
  options.limits.max_connections = config.max_connections;
  options.limits.max_connections_per_address = config.max_connections_per_address;
  options.limits.max_connection_age = config.max_connection_age;
  if (config.has_tls) {
    absl::StatusOr<h2::TlsIdentity> identity = ReadTlsFiles(config.tls);
    if (!identity.ok()) {
      return identity.status();
    }
    options.tls = *std::move(identity);
  }
  absl::StatusOr<std::unique_ptr<h2::Server>> server =
      h2::Server::Start(std::move(options), application_);
  if (!server.ok()) {
    return server.status();
  }
  server_ = *std::move(server);
  return absl::OkStatus();
}

absl::Status Broker::ListenForOperators(const config::AdminConfig& config) {
  if (config.listen.empty()) {
    return absl::OkStatus();
  }
  auto listener = AdminListener::Start(config.listen, credentials_, audit_, health_);
  if (!listener.ok()) {
    return listener.status();
  }
  admin_ = *std::move(listener);
  return absl::OkStatus();
}

void Broker::Drain(absl::Duration grace) {
  readiness_.StartDraining();
  health_.Shutdown();
  tokens_.watches().Shutdown();
  serving_.Stop();
  if (admin_ != nullptr) {
    // Its calls have been answered by now: the credentials have stopped.
    admin_->Drain(absl::Milliseconds(500));
  }
  server_->Drain(grace);
}

}  // namespace credential_broker::cli
