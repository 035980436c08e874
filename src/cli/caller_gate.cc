#include "cli/caller_gate.h"

#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/strings.h"
#include "identity/token_reviewer.h"
#include "upstream/https_client.h"

namespace credential_broker::cli {
namespace {

// Where Kubernetes puts what belongs to the pod's ServiceAccount.
constexpr std::string_view kPodFolder = "/var/run/secrets/kubernetes.io/serviceaccount";
// Reviews at one time, each on a connection that is kept.
constexpr int kReviewers = 4;

std::optional<RateLimit> ToRateLimit(const std::optional<config::RateLimitConfig>& limit) {
  if (!limit.has_value()) {
    return std::nullopt;
  }
  return RateLimit{.per_second = limit->per_second, .burst = static_cast<double>(limit->burst)};
}

}  // namespace

absl::StatusOr<config::KubernetesConfig> ResolveKubernetes(const config::KubernetesConfig& config,
                                                           const config::Environment& environment) {
  config::KubernetesConfig api = config;
  if (!api.api_server.empty()) {
    return api;
  }
  const std::string host = environment("KUBERNETES_SERVICE_HOST").value_or("");
  const std::string port = environment("KUBERNETES_SERVICE_PORT").value_or("443");
  if (host.empty()) {
    return absl::FailedPreconditionError(
        "kubernetes_callers: no API server is known: this is no pod of Kubernetes "
        "(KUBERNETES_SERVICE_HOST is not set); set kubernetes.api_server, ca_file and token_file");
  }
  const bool is_v6 = host.find(':') != std::string::npos;
  api.api_server = StrCat("https://", is_v6 ? "[" : "", host, is_v6 ? "]" : "", ":", port);
  if (api.ca_file.empty()) {
    api.ca_file = StrCat(kPodFolder, "/ca.crt");
  }
  if (api.token_file.empty()) {
    api.token_file = StrCat(kPodFolder, "/token");
  }
  return api;
}

CallerGate::CallerGate(const config::ServerConfig& config)
    : limit_(config.rate_limit),
      rate_(ToRateLimit(config.rate_limit), SystemClock()),
      streams_(config.max_streams_per_principal) {}

absl::StatusOr<std::unique_ptr<CallerGate>> CallerGate::Start(const config::BrokerConfig& config,
                                                              observe::Logger& log) {
  std::unique_ptr<CallerGate> gate(new CallerGate(config.server));
  if (!config.kubernetes_callers.has_value()) {
    return gate;
  }
  const absl::StatusOr<config::KubernetesConfig> api =
      ResolveKubernetes(config.kubernetes, config::ProcessEnvironment());
  if (!api.ok()) {
    return api.status();
  }
  std::vector<std::unique_ptr<identity::TokenReviewer>> reviewers;
  for (int i = 0; i < kReviewers; ++i) {
    upstream::HttpsClientOptions https;
    https.ca_file = api->ca_file;
    reviewers.push_back(identity::MakeKubernetesReviewer(
        {.url = api->api_server, .token_file = api->token_file},
        config.kubernetes_callers->audience, upstream::MakeHttpsClient(std::move(https))));
  }
  identity::AuthenticatorOptions options;
  options.on_failure = [&log, server = api->api_server](std::string_view error) {
    log.Error("token_review_failed", {{"api_server", server}, {"error", error}});
  };
  absl::StatusOr<std::unique_ptr<identity::TokenAuthenticator>> tokens =
      identity::TokenAuthenticator::Start(std::move(reviewers), std::move(options), SystemClock());
  if (!tokens.ok()) {
    return tokens.status();
  }
  gate->tokens_ = *std::move(tokens);
  return gate;
}

bool CallerGate::SetRateLimit(const std::optional<config::RateLimitConfig>& limit) {
  if (std::exchange(limit_, limit) == limit) {
    return false;
  }
  rate_.SetLimit(ToRateLimit(limit));
  return true;
}

}  // namespace credential_broker::cli
