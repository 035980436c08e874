#include "http/status_page.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "absl/strings/str_format.h"
#include "base/strings.h"
#include "http/html.h"
#include "http/status_style.h"

namespace credential_broker::http {
namespace {

constexpr std::size_t kMostCredentials = 200;

std::string_view ClassOf(CredentialState state) {
  switch (state) {
    case CredentialState::kReady:
      return "good";
    case CredentialState::kPending:
    case CredentialState::kDegraded:
      return "warn";
    case CredentialState::kUnavailable:
    case CredentialState::kRejected:
      return "bad";
  }
  return "bad";
}

// Smaller: looked at first.
int Urgency(CredentialState state) {
  const std::string_view colour = ClassOf(state);
  return colour == "bad" ? 0 : colour == "warn" ? 1 : 2;
}

std::string Pill(std::string_view colour, std::string_view text) {
  return StrCat("<span class=\"state ", colour, "\">", text, "</span>");
}

std::string Percent(double fraction) {
  // NOLINTNEXTLINE(modernize-use-std-format): gcc 12 has none
  return absl::StrFormat("%.1f%%", std::clamp(fraction, 0.0, 1.0) * 100);
}

std::string Fact(std::string_view name, std::string_view value) {
  return StrCat("<div><dt>", name, "</dt><dd>", value, "</dd></div>");
}

// Where now stands between issue and expiry, and where the next refresh.
std::string LifeBar(const CredentialStatus& status, absl::Time now) {
  const absl::Time start = *status.last_refresh_time;
  const absl::Time end = *status.expire_time;
  const auto place = [start, end](absl::Time time) {
    return absl::FDivDuration(time - start, std::max(end - start, absl::Milliseconds(1)));
  };
  std::string bar = StrCat(
      "<div class=\"life\"><div class=\"spent\" style=\"width:", Percent(place(now)), "\"></div>");
  std::string planned;
  if (status.next_refresh_time.has_value()) {
    const absl::Time at = *status.next_refresh_time;
    bar += StrCat("<div class=\"refresh\" style=\"left:", Percent(place(at)), "\"></div>");
    // Not over the words at both ends.
    planned = StrCat(
        "<span class=\"planned\" style=\"left:", Percent(std::clamp(place(at), 0.35, 0.65)), "\">",
        at <= now ? "refresh under way" : "refresh in " + DurationText(at - now), "</span>");
  }
  return StrCat(bar, "<div class=\"now\" style=\"left:", Percent(place(now)),
                "\"></div></div><div class=\"scale\"><span>obtained ", DurationText(now - start),
                " ago</span>", planned, "<span>expires in ", DurationText(end - now),
                "</span></div>");
}

std::string WithoutToken(const CredentialStatus& status, absl::Time now) {
  std::string text = "No token that can be used.";
  if (status.last_error.has_value()) {
    text += StrCat(" <code>", ReasonName(*status.last_error), "</code>.");
  }
  if (status.next_refresh_time.has_value()) {
    text +=
        *status.next_refresh_time <= now
            ? " An attempt is under way."
            : StrCat(" Next attempt in ",
                     DurationText(absl::Ceil(*status.next_refresh_time - now, absl::Seconds(1))),
                     ".");
  }
  return StrCat("<p class=\"note\">", text, "</p>");
}

std::string Latency(const std::vector<absl::Duration>& took) {
  if (took.empty()) {
    return "–";
  }
  std::vector<absl::Duration> sorted = took;
  std::sort(sorted.begin(), sorted.end());
  const absl::Duration slowest = std::max(sorted.back(), absl::Microseconds(1));
  std::string bars;
  for (const absl::Duration one : took) {
    bars += StrCat("<i style=\"height:", Percent(absl::FDivDuration(one, slowest)), "\"></i>");
  }
  const absl::Duration median = sorted[(sorted.size() - 1) / 2];
  const absl::Duration high = sorted[(sorted.size() - 1) * 95 / 100];
  return StrCat(LatencyText(median), " <small>median · 95% ", LatencyText(high), " · slowest ",
                LatencyText(slowest), " of ", took.size(), "</small>",
                took.size() < 3
                    ? ""
                    : StrCat(" <span class=\"spark\" aria-hidden=\"true\">", bars, "</span>"));
}

std::string Failures(const std::vector<StatusReport::Failure>& failures, absl::Time now) {
  if (failures.empty()) {
    return "";
  }
  std::string rows;
  for (const StatusReport::Failure& failure : failures) {
    // The newest on top.
    rows = StrCat("<tr><td class=\"when\" title=\"", TimeText(failure.time), "\">",
                  DurationText(now - failure.time), " ago</td><td>", Escape(failure.operation),
                  "</td><td class=\"what\">", Escape(failure.message), "</td></tr>", rows);
  }
  return StrCat(
      "<table class=\"errors\"><thead><tr><th>Last errors</th><th>At</th><th>What</th></tr>"
      "</thead><tbody>",
      rows, "</tbody></table>");
}

std::string CredentialCard(const StatusReport::Credential& credential, absl::Time now) {
  const CredentialStatus& status = credential.status;
  const bool has_token = status.expire_time.has_value() && status.last_refresh_time.has_value();
  const std::string version = status.version.empty()
                                  ? ""
                                  : StrCat("<span class=\"version\">version <code>",
                                           Escape(status.version), "</code></span>");
  return StrCat("<article class=\"credential card\"><div class=\"name\"><h3>", Escape(status.name),
                "</h3>", Pill(ClassOf(status.state), CredentialStateName(status.state)), version,
                "</div>", has_token ? LifeBar(status, now) : WithoutToken(status, now), "<dl>",
                Fact("Tokens served", StrCat(credential.tokens_served)),
                Fact("Streams", StrCat(credential.streams)),
                Fact("InvestSuite answers in", Latency(credential.upstream_took)), "</dl>",
                Failures(credential.failures, now), "</article>");
}

std::string Credentials(const StatusReport& report) {
  std::vector<const StatusReport::Credential*> order;
  for (const StatusReport::Credential& credential : report.credentials) {
    order.push_back(&credential);
  }
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::tuple(Urgency(a->status.state), std::string_view(a->status.name)) <
           std::tuple(Urgency(b->status.state), std::string_view(b->status.name));
  });
  const std::size_t shown = std::min(order.size(), kMostCredentials);
  std::string cards;
  for (std::size_t i = 0; i < shown; ++i) {
    cards += CredentialCard(*order[i], report.now);
  }
  if (shown < order.size()) {
    cards += StrCat("<p class=\"note\">", order.size() - shown, " more, which are well.</p>");
  }
  return StrCat("<section id=\"credentials\"><h2>Credentials</h2>", cards, "</section>");
}

// A table of names with a number each; nothing where there are none.
std::string Table(std::string_view id, std::string_view title, std::string_view head,
                  std::string_view rows) {
  return StrCat("<section id=\"", id, "\"><h2>", title,
                "</h2><div class=\"card\"><table><thead><tr>", head, "</tr></thead><tbody>", rows,
                "</tbody></table></div></section>");
}

std::string Callers(const StatusReport& report) {
  std::string rows;
  for (const StatusReport::Caller& caller : report.callers) {
    rows += StrCat("<tr><td><bdi>", Escape(caller.principal), "</bdi></td><td class=\"number\">",
                   caller.calls, "</td></tr>");
  }
  if (rows.empty()) {
    rows = "<tr><td>Nobody yet</td><td></td></tr>";
  }
  return Table("callers", "Callers", "<th>Principal</th><th class=\"number\">Tokens</th>", rows);
}

std::string Denied(const StatusReport& report) {
  std::string rows;
  for (const StatusReport::Denied& denied : report.denied) {
    rows += StrCat("<tr><td><code>", denied.reason, "</code></td><td class=\"number\">",
                   denied.count, "</td></tr>");
  }
  return rows.empty()
             ? ""
             : Table("denied", "Refused", "<th>Reason</th><th class=\"number\">Calls</th>", rows);
}

std::string Listeners(const StatusReport& report) {
  std::string rows;
  for (const StatusReport::Listener& listener : report.listeners) {
    rows += StrCat("<tr><td>", listener.name, "</td><td><code>", Escape(listener.address),
                   "</code></td><td class=\"number\">", listener.open, "</td><td class=\"number\">",
                   listener.accepted, "</td><td class=\"number\">", listener.refused, "</td></tr>");
  }
  return Table("listeners", "Listeners",
               "<th>Name</th><th>Address</th><th class=\"number\">Open</th><th class=\"number\">"
               "Accepted</th><th class=\"number\">Refused</th>",
               rows);
}

std::string Verdict(const StatusReport& report) {
  if (report.draining) {
    return Pill("warn", "draining");
  }
  return report.ready ? Pill("good", "ready") : Pill("bad", "not ready");
}

}  // namespace

std::string RenderStatusPage(const StatusReport& report) {
  return StrCat(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>credential-broker"
      "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta http-equiv=\"refresh\" content=\"5\"><style>",
      kStatusStyle, "</style></head><body><main><header><h1>credential-broker</h1>",
      Verdict(report), "<p>version ", Escape(report.version), " · up ", DurationText(report.uptime),
      " · ", TimeText(report.now), "</p></header>", Credentials(report), Callers(report),
      Denied(report), Listeners(report),
      "<footer>Every 5 s anew. No secret is on this page; a token is known by its version.</footer>"
      "</main></body></html>\n");
}

}  // namespace credential_broker::http
