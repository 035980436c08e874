#ifndef CREDENTIAL_BROKER_CLI_CALLER_GATE_H_
#define CREDENTIAL_BROKER_CLI_CALLER_GATE_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "base/keyed_permits.h"
#include "base/keyed_rate_limiter.h"
#include "config/broker_config.h"
#include "config/load_config.h"
#include "identity/token_authenticator.h"
#include "observe/log.h"
#include "service/caller.h"

namespace credential_broker::cli {

// How the API server is reached: as `config` says, else as Kubernetes tells every pod. Fails with
// FAILED_PRECONDITION, naming the keys to set, where this is no pod and the configuration names no
// API server.
absl::StatusOr<config::KubernetesConfig> ResolveKubernetes(const config::KubernetesConfig& config,
                                                           const config::Environment& environment);

// What a configuration asks of callers beside the access policy: whose tokens are accepted, and how
// often a principal may call. Thread-safe; outlives the token service.
class CallerGate {
 public:
  // `log` outlives the gate. Fails as ResolveKubernetes does, or where no thread can be had.
  static absl::StatusOr<std::unique_ptr<CallerGate>> Start(const config::BrokerConfig& config,
                                                           observe::Logger& log);

  KeyedRateLimiter& rate() { return rate_; }
  service::CallerChecks checks() {
    return {.tokens = tokens_.get(), .rate = &rate_, .streams = &streams_};
  }

  // For a reload, on one thread at a time. Calls that were counted before stay counted. False: it
  // is the limit that was in force.
  bool SetRateLimit(const std::optional<config::RateLimitConfig>& limit);

 private:
  explicit CallerGate(const config::ServerConfig& config);

  std::optional<config::RateLimitConfig> limit_;
  KeyedRateLimiter rate_;
  KeyedPermits streams_;
  std::unique_ptr<identity::TokenAuthenticator> tokens_;  // null: none is accepted
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_CALLER_GATE_H_
