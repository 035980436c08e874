#include "cli/broker.h"

#include <condition_variable>
#include <map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "cli/tls_files.h"
#include "identity/quota_key.h"
#include "rpc/reflection_service.h"

namespace credential_broker::cli {
namespace {

constexpr std::string_view kService = "investsuite.credentialbroker.v1.CredentialBrokerService";
// How long calls in flight may take after `drain_delay`. The process ends within 10 s of it; the
// rest is for writing the log and joining threads.
constexpr absl::Duration kDrainGrace = absl::Seconds(7);
constexpr absl::Duration kAdminGrace = absl::Milliseconds(500);
static_assert(kDrainGrace >= config::kMaxWaitLimit &&
                  h2::Limits().max_connection_age_grace >= config::kMaxWaitLimit,
              "a call that waits for a token ends within the grace");

std::vector<std::string> Names(const std::vector<config::CredentialConfig>& credentials) {
  std::vector<std::string> names;
  names.reserve(credentials.size());
  for (const config::CredentialConfig& credential : credentials) {
    names.push_back(credential.name);
  }
  return names;
}

AccessPolicy PolicyOf(const config::BrokerConfig& config) {
  AccessPolicy::Rules allow;
  AccessPolicy::Rules deny;
  for (const config::CredentialConfig& credential : config.credentials) {
    std::vector<PrincipalPattern>& patterns = allow[credential.name];
    for (const config::AllowRule& rule : credential.allow) {
      patterns.insert(patterns.end(), rule.principals.begin(), rule.principals.end());
    }
    if (!credential.deny.empty()) {
      deny.emplace(credential.name, credential.deny);
    }
  }
  return AccessPolicy(std::move(allow), config.allow_any_credential, std::move(deny));
}

CurrentCredentials::SetPtr SetOf(const ServingCredentials::Change& change,
                                 const config::BrokerConfig& config) {
  return std::make_shared<const CredentialSet>(change.credentials(), PolicyOf(config));
}

void Wait(absl::Duration time) {
  const Clock& clock = SystemClock();
  const BootTime end = clock.Now() + time;
  Mutex mutex;
  std::condition_variable_any never;
  MutexLock lock(mutex);
  while (clock.Now() < end) {
    clock.WaitUntil(mutex, never, end);
  }
}

}  // namespace

void Broker::Events::OnTokenObtained(std::string_view credential, std::string_view operation,
                                     const Token& token, absl::Duration took) {
  // First: who reads of it in the log finds it counted.
  metrics_.OnTokenObtained(credential, operation, token, took);
  log_.OnTokenObtained(credential, operation, token, took);
}

void Broker::Events::OnUpstreamFailed(std::string_view credential, std::string_view operation,
                                      const AttemptFailure& failure, absl::Duration took,
                                      absl::Duration retry_in) {
  metrics_.OnUpstreamFailed(credential, operation, failure, took, retry_in);
  log_.OnUpstreamFailed(credential, operation, failure, took, retry_in);
}

void Broker::Events::OnStateChanged(std::string_view credential, CredentialState state) {
  // First: who reads of it in the log finds it so.
  readiness_.Set(credential, state);
  log_.OnStateChanged(credential, state);
}

void Broker::Events::OnReplaced(const std::vector<std::string>& started,
                                const std::vector<std::string>& removed) {
  for (const std::string& credential : removed) {
    metrics_.OnRemoved(credential);
    audit_.issued().Forget(credential);
  }
  readiness_.Replace(started, removed);
}

Broker::Broker(const config::BrokerConfig& config, observe::Logger& log,
               std::unique_ptr<CallerGate> callers)
    : readiness_(Names(config.credentials),
                 [this](service::ReadinessPhase phase) { ShowHealth(phase); }),
      audit_(log),
      upstream_metrics_(SystemClock()),
      events_(log, upstream_metrics_, audit_, readiness_),
      serving_(events_),
      credentials_(CredentialSet({}, AccessPolicy({}))),
      callers_(std::move(callers)),
      tokens_(credentials_, audit_, SystemClock(), config.server.max_wait, callers_->checks()),
      admission_(audit_, callers_->rate()),
      application_(router_, SystemClock(), &calls_, &admission_),
      drain_delay_(config.server.drain_delay),
      monitoring_(log, {credentials_, readiness_, upstream_metrics_, audit_, log}) {
  monitoring_.SetWatchStreams([this] { return tokens_.watches().StreamCounts(); });
  health_.AddTo(router_);
  tokens_.AddTo(router_);
  if (config.server.reflection) {
    rpc::AddReflection(router_);
  }
  calls_.LearnMethods(router_);
}

Broker::~Broker() {
  // Its pages look at what is destroyed before it.
  if (admin_ != nullptr) {
    admin_->Drain(absl::ZeroDuration());
  }
}

void Broker::ShowHealth(service::ReadinessPhase phase) {
  const auto serving_if = [](bool serving) {
    return serving ? rpc::ServingStatus::kServing : rpc::ServingStatus::kNotServing;
  };
  health_.Set(kService, serving_if(phase == service::ReadinessPhase::kReady));
  // The whole process: it depends on no credential.
  health_.Set("", serving_if(phase != service::ReadinessPhase::kDraining));
}

absl::StatusOr<std::unique_ptr<Broker>> Broker::Start(const config::BrokerConfig& config,
                                                      observe::Logger& log) {
  absl::StatusOr<std::unique_ptr<CallerGate>> callers = CallerGate::Start(config, log);
  if (!callers.ok()) {
    return callers.status();
  }
  std::unique_ptr<Broker> broker(new Broker(config, log, *std::move(callers)));
  absl::StatusOr<ServingCredentials::Change> credentials =
      broker->serving_.Prepare(config.credentials);
  if (!credentials.ok()) {
    return credentials.status();
  }
  broker->credentials_.Replace(SetOf(*credentials, config));
  if (absl::Status status = broker->Listen(config.server); !status.ok()) {
    return status;
  }
  if (absl::Status status = broker->ListenForOperators(config.admin); !status.ok()) {
    return status;
  }
  broker->monitoring_.AddListener("grpc", *broker->server_, broker->application_,
                                  broker->calls_.metrics());
  if (absl::Status status = broker->monitoring_.Start(config.http); !status.ok()) {
    return status;
  }
  broker->serving_.Commit(*std::move(credentials));
  return broker;
}

absl::StatusOr<ConfigChange> Broker::Apply(const config::BrokerConfig& config) {
  absl::StatusOr<ServingCredentials::Change> credentials = serving_.Prepare(config.credentials);
  if (!credentials.ok()) {
    return credentials.status();
  }
  const absl::StatusOr<bool> tls = UpdateTls(config.server);
  if (!tls.ok()) {
    return tls.status();
  }
  // From here on nothing fails.
  ConfigChange change = credentials->names();
  change.tls = *tls;
  change.rate_limit = callers_->SetRateLimit(config.server.rate_limit);
  change.drain_delay = drain_delay_ != config.server.drain_delay;
  drain_delay_ = config.server.drain_delay;
  if (!credentials->empty()) {
    credentials_.Replace(SetOf(*credentials, config));
    // After the swap, and before the credentials that go are stopped, so that no stream ends that
    // may go over to another.
    tokens_.watches().RecheckPermissions();
    serving_.Commit(*std::move(credentials));
  }
  return change;
}

std::vector<std::string> Broker::OnFilesChanged(const std::vector<std::string>& files) {
  return serving_.OnFilesChanged(files);
}

absl::Status Broker::Listen(const config::ServerConfig& config) {
  h2::ServerOptions options;
  options.address = config.listen;
  options.limits.max_connections = config.max_connections;
  options.limits.max_connections_per_address = config.max_connections_per_address;
  options.limits.max_connections_per_principal = config.max_connections_per_principal;
  options.limits.max_streams_per_principal = config.max_streams_per_principal;
  options.limits.max_connection_age = config.max_connection_age;
  options.principal_of = identity::QuotaKeyOf;
  if (config.has_tls) {
    absl::StatusOr<h2::TlsIdentity> identity = ReadTlsFiles(config.tls);
    if (!identity.ok()) {
      return identity.status();
    }
    tls_digest_ = DigestOf(*identity);
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

absl::StatusOr<bool> Broker::UpdateTls(const config::ServerConfig& config) {
  if (!config.has_tls || !tls_digest_.has_value()) {
    return false;
  }
  const absl::StatusOr<h2::TlsIdentity> identity = ReadTlsFiles(config.tls);
  if (!identity.ok()) {
    return identity.status();
  }
  std::string digest = DigestOf(*identity);
  if (digest == *tls_digest_) {
    return false;
  }
  if (absl::Status status = server_->UpdateIdentity(*identity); !status.ok()) {
    return WithNamesOf(config.tls, status);
  }
  tls_digest_ = std::move(digest);
  return true;
}

absl::Status Broker::ListenForOperators(const config::AdminConfig& config) {
  if (config.listen.empty()) {
    return absl::OkStatus();
  }
  auto listener = AdminListener::Start(config.listen, {credentials_, audit_, health_},
                                       {{"/statusz", [this] { return monitoring_.StatusPage(); }}});
  if (!listener.ok()) {
    return listener.status();
  }
  admin_ = *std::move(listener);
  admin_->AddTo(monitoring_);
  return absl::OkStatus();
}

void Broker::Drain() {
  readiness_.StartDraining();
  Wait(drain_delay_);
  // Watches of health end, and waiting calls, before connections are told to go.
  health_.Shutdown();
  tokens_.watches().Shutdown();
  serving_.Stop();
  if (admin_ != nullptr) {
    // Its calls have been answered by now: the credentials have stopped.
    admin_->Drain(kAdminGrace);
  }
  server_->Drain(kDrainGrace);
}

}  // namespace credential_broker::cli
