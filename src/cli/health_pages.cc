#include "base/strings.h"
#include "cli/monitored_state.h"
#include "core/reason.h"

namespace credential_broker::cli {
namespace {

constexpr int kOk = 200;

std::string_view Verdict(service::ReadinessPhase phase) {
  switch (phase) {
    case service::ReadinessPhase::kStarting:
      return "not ready";
    case service::ReadinessPhase::kReady:
      return "ready";
    case service::ReadinessPhase::kDraining:
      return "draining";
  }
  return "not ready";
}

int StatusOf(service::ReadinessPhase phase) {
  return phase == service::ReadinessPhase::kReady ? kOk : http::kServiceUnavailable;
}

// One line: state, last error and next attempt.
std::string Describe(const CredentialStatus& status, const observe::UpstreamHistory& history,
                     bool draining, absl::Time now) {
  std::string text = StrCat("credential ", status.name, ": ", CredentialStateName(status.state));
  if (status.last_error.has_value()) {
    text += StrCat("; last error ", ReasonName(*status.last_error));
    if (!history.failures.empty()) {
      text += StrCat(": ", history.failures.back().message);
    }
  }
  if (!status.next_refresh_time.has_value()) {
    // A credential that has stopped has none either.
    return draining ? text : StrCat(text, "; an attempt is in flight");
  }
  const absl::Duration wait = absl::Ceil(*status.next_refresh_time - now, absl::Seconds(1));
  return StrCat(text, "; next attempt ",
                wait > absl::ZeroDuration() ? StrCat("in ", absl::FormatDuration(wait)) : "now");
}

}  // namespace

http::Response LivenessPage(MonitoredState& state) {
  state.loops.Ask();
  std::string stuck;
  for (const std::string& loop : state.loops.Stuck()) {
    stuck += StrCat(stuck.empty() ? "" : ", ", loop);
  }
  return stuck.empty() ? http::Text(kOk, "ok")
                       : http::Text(http::kServiceUnavailable,
                                    StrCat("event loops that do not answer: ", stuck));
}

http::Response ReadinessPage(const MonitoredState& state) {
  const service::ReadinessPhase phase = state.sources.readiness.phase();
  return http::Text(StatusOf(phase), Verdict(phase));
}

http::Response VerboseReadinessPage(const MonitoredState& state) {
  const service::ReadinessPhase phase = state.sources.readiness.phase();
  std::string text(Verdict(phase));
  const absl::Time now = state.clock.WallNow();
  for (const CredentialStatus& status : StatusOfAll(state.sources.credentials)) {
    text += StrCat("\n", Describe(status, state.sources.upstream.HistoryOf(status.name),
                                  phase == service::ReadinessPhase::kDraining, now));
  }
  return http::Text(StatusOf(phase), text);
}

}  // namespace credential_broker::cli
