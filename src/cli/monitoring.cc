#include "cli/monitoring.h"

#include <utility>

#include "base/strings.h"
#include "h2/address.h"
#include "http/cached_page.h"

namespace credential_broker::cli {
namespace {

// How often the log is told of refusals, and event loops are asked for a sign of life.
constexpr absl::Duration kPeriod = absl::Seconds(5);

// How long scrapes share the text of /metrics: a flood of them costs ten renderings a second.
constexpr absl::Duration kMetricsPeriod = absl::Milliseconds(100);

// On a unix socket the group of the process may look, too.
constexpr std::uint32_t kSocketMode = 0660;

absl::StatusOr<h2::Listener> ListenOn(const std::string& address) {
  absl::StatusOr<h2::ListenAddress> parsed = h2::ParseListenAddress(address);
  if (!parsed.ok()) {
    return parsed.status();
  }
  absl::StatusOr<h2::Listener> listener = h2::Listen(*parsed, 1, kSocketMode);
  if (!listener.ok()) {
    return absl::Status(listener.status().code(),
                        StrCat("http.listen: ", ToStd(listener.status().message())));
  }
  return listener;
}

// The same host with any port that is free.
std::string WithAnyPort(const std::string& address) {
  return StrCat(std::string_view(address).substr(0, address.rfind(':')), ":0");
}

}  // namespace

Monitoring::Monitoring(observe::Logger& log, MonitoredSources sources)
    : log_(log),
      state_(sources, SystemClock()),
      refusals_(log),
      crls_(log),
      ticker_(SystemClock(), kPeriod, [this] {
        state_.sources.audit.denials().Flush();
        refusals_.Tell(state_.listeners);
        for (const auto& [name, server] : servers_) {
          crls_.Look(name, server->client_trust(), state_.clock.WallNow());
        }
        state_.loops.Ask();
      }) {}

void Monitoring::AddListener(const std::string& name, const h2::Server& server,
                             const rpc::GrpcApplication& application,
                             const observe::CallMetrics& calls) {
  state_.listeners.push_back({name, server.address(), &server.counters(), &application.counters(),
                              [&server] { return server.expiring_certificates(); }});
  state_.loops.Add(name, server.loops());
  servers_.emplace_back(name, &server);
  state_.calls.push_back(&calls);
}

void Monitoring::SetWatchStreams(
    std::function<std::map<std::string, std::size_t>()> by_credential) {
  state_.watch_streams = std::move(by_credential);
}

absl::Status Monitoring::Start(const config::HttpConfig& config) {
  state_.complete = true;
  if (absl::Status status = ticker_.Start(); !status.ok()) {
    return status;
  }
  return config.listen.empty() ? absl::OkStatus() : Listen(config);
}

absl::Status Monitoring::Listen(const config::HttpConfig& config) {
  absl::StatusOr<h2::Listener> listener = ListenOn(config.listen);
  if (absl::IsAlreadyExists(listener.status()) && config.any_port_if_taken) {
    log_.Warn("http_port_taken", {{"http", config.listen}});
    listener = ListenOn(WithAnyPort(config.listen));
  }
  if (!listener.ok()) {
    return listener.status();
  }
  listener_ = *std::move(listener);
  http::Pages pages = {
      {"/metrics", http::CachedPage(
                       [this] {
                         return http::Response{200, std::string(observe::kMetricsContentType),
                                               MetricsText(state_)};
                       },
                       kMetricsPeriod, SystemClock())},
      {"/healthz", [this] { return LivenessPage(state_); }},
      {"/readyz", [this] { return ReadinessPage(state_); }},
      {"/readyz?verbose", [this] { return VerboseReadinessPage(state_); }},
  };
  if (config.statusz) {
    pages.emplace("/statusz", [this] { return StatusPage(); });
  }
  absl::StatusOr<std::unique_ptr<http::Server>> server =
      http::Server::Start(listener_.sockets.front().Release(), std::move(pages), SystemClock());
  if (!server.ok()) {
    return server.status();
  }
  server_ = *std::move(server);
  return absl::OkStatus();
}

void Monitoring::OnReload(ReloadResult result) {
  ++state_.reloads.at(static_cast<std::size_t>(result));
  state_.last_reload_successful = result != ReloadResult::kRefused;
  if (result != ReloadResult::kRefused) {
    state_.last_reload_success_ms = absl::ToUnixMillis(state_.clock.WallNow());
  }
}

http::Response Monitoring::StatusPage() const {
  if (!state_.complete) {
    return http::Text(http::kServiceUnavailable, "starting");
  }
  return {200, "text/html; charset=utf-8", http::RenderStatusPage(MakeStatusReport(state_))};
}

}  // namespace credential_broker::cli
