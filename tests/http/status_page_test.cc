#include "http/status_page.h"

#include <string>

#include "base/strings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::Time Now() { return absl::FromUnixSeconds(1767323045); }

StatusReport::Credential Ready(const std::string& name) {
  StatusReport::Credential credential;
  credential.status.name = name;
  credential.status.state = CredentialState::kReady;
  credential.status.version = "v1";
  credential.status.last_refresh_time = Now() - absl::Seconds(75);
  credential.status.next_refresh_time = Now() + absl::Seconds(75);
  credential.status.expire_time = Now() + absl::Seconds(225);
  return credential;
}

StatusReport::Credential Rejected(const std::string& name) {
  StatusReport::Credential credential;
  credential.status.name = name;
  credential.status.state = CredentialState::kRejected;
  credential.status.last_error = Reason::kCredentialRejected;
  credential.status.next_refresh_time = Now() + absl::Seconds(61);
  return credential;
}

StatusReport Report() {
  StatusReport report;
  report.version = "1.2.3";
  report.now = Now();
  return report;
}

TEST(StatusPage, DrawsWhereATokenStandsInItsLife) {
  StatusReport report = Report();
  report.ready = true;
  report.credentials.push_back(Ready("default"));
  const std::string page = RenderStatusPage(report);
  EXPECT_THAT(page, HasSubstr("<div class=\"spent\" style=\"width:25.0%\">"));
  EXPECT_THAT(page, HasSubstr("<div class=\"now\" style=\"left:25.0%\">"));
  EXPECT_THAT(page, HasSubstr("<div class=\"refresh\" style=\"left:50.0%\">"));
  EXPECT_THAT(page, HasSubstr("obtained 1m 15s ago"));
  EXPECT_THAT(page, HasSubstr("refresh in 1m 15s"));
  EXPECT_THAT(page, HasSubstr("expires in 3m 45s"));
  EXPECT_THAT(page, HasSubstr("<span class=\"state good\">ready</span><p>version 1.2.3"));
}

TEST(StatusPage, SaysWhyThereIsNoToken) {
  StatusReport report = Report();
  report.credentials.push_back(Rejected("default"));
  const std::string page = RenderStatusPage(report);
  EXPECT_THAT(page, HasSubstr("No token that can be used. <code>CREDENTIAL_REJECTED</code>. Next "
                              "attempt in 1m 01s."));
  EXPECT_THAT(page, HasSubstr("<span class=\"state bad\">not ready</span>"));
  EXPECT_THAT(page, Not(HasSubstr("<div class=\"life\">")));
}

TEST(StatusPage, ShowsTheBrokenFirst) {
  StatusReport report = Report();
  report.credentials = {Ready("a"), Rejected("b"), Ready("c"), Rejected("d")};
  const std::string page = RenderStatusPage(report);
  EXPECT_LT(page.find("<h3>b"), page.find("<h3>d"));
  EXPECT_LT(page.find("<h3>d"), page.find("<h3>a"));
  EXPECT_LT(page.find("<h3>a"), page.find("<h3>c"));
}

TEST(StatusPage, IsBoundedForVeryManyCredentials) {
  StatusReport report = Report();
  for (int i = 0; i < 1000; ++i) {
    report.credentials.push_back(Ready(StrCat("c", i)));
  }
  report.credentials.push_back(Rejected("broken"));
  const std::string page = RenderStatusPage(report);
  EXPECT_LT(page.size(), 512U * 1024);
  EXPECT_THAT(page, HasSubstr("<h3>broken"));
  EXPECT_THAT(page, HasSubstr("801 more"));
}

TEST(StatusPage, ShowsMarkupAsText) {
  const std::string markup = "</td><script>alert(1)</script>";
  StatusReport report = Report();
  report.credentials.push_back(Rejected(markup));
  report.credentials.back().failures.push_back({Now(), markup, markup});
  report.callers.push_back({markup, 7});
  report.listeners.push_back({"grpc", markup, 1, 2, 3});
  report.version = markup;
  const std::string page = RenderStatusPage(report);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST(StatusPage, TellsTheLatencyOfTheLatestAttempts) {
  StatusReport report = Report();
  report.credentials.push_back(Ready("a"));
  for (int i = 1; i <= 20; ++i) {
    report.credentials.back().upstream_took.push_back(absl::Milliseconds(10 * i));
  }
  const std::string page = RenderStatusPage(report);
  EXPECT_THAT(page, HasSubstr("100 ms <small>median · 95% 190 ms · slowest 200 ms of 20</small>"));
  EXPECT_THAT(page, HasSubstr("<i style=\"height:5.0%\"></i>"));
}

}  // namespace
}  // namespace credential_broker::http
