#include "cli/monitored_state.h"
#include "core/reason.h"
#include "core/strings.h"

namespace credential_broker::cli {
namespace {

constexpr int kOk = 200;
constexpr int kServiceUnavailable = 503;

// Why it has no token, as far as is known, and when that may end.
std::string WhyNot(const CredentialStatus& status, const observe::UpstreamHistory& history,
                   absl::Time now) {
  std::string why = StrCat("credential ", status.name, " is ", CredentialStateName(status.state));
  if (status.last_error.has_value()) {
    why += StrCat(": ", ReasonName(*status.last_error));
    if (!history.failures.empty()) {
      why += StrCat(": ", history.failures.back().message);
    }
  }
  if (status.next_refresh_time.has_value() && *status.next_refresh_time > now) {
    why +=
        StrCat("; next attempt in ",
               absl::FormatDuration(absl::Ceil(*status.next_refresh_time - now, absl::Seconds(1))));
  }
  return why;
}

}  // namespace

http::Response LivenessPage(MonitoredState& state) {
  state.loops.Ask();
  std::string stuck;
  for (const std::string& loop : state.loops.Stuck()) {
    stuck += StrCat(stuck.empty() ? "" : ", ", loop);
  }
  return stuck.empty()
             ? http::Text(kOk, "ok")
             : http::Text(kServiceUnavailable, StrCat("event loops that do not answer: ", stuck));
}

http::Response ReadinessPage(const MonitoredState& state) {
  if (state.draining) {
    return http::Text(kServiceUnavailable, "draining");
  }
  if (state.sources.readiness.ready()) {
    return http::Text(kOk, "ready");
  }
  std::string text = "not ready";
  for (const CredentialStatus& status : StatusOfAll(state.sources.credentials)) {
    if (status.version.empty()) {
      text += StrCat("\n", WhyNot(status, state.sources.upstream.HistoryOf(status.name),
                                  state.clock.WallNow()));
    }
  }
  return http::Text(kServiceUnavailable, text);
}

}  // namespace credential_broker::cli
