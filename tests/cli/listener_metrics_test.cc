#include "cli/listener_metrics.h"

#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ListenerMetricsTest : public ::testing::Test {
 protected:
  std::vector<std::string> Tell() {
    lines_.clear();
    report_.Tell(listeners_);
    return lines_;
  }

  h2::Counters grpc_;
  h2::Counters admin_;
  rpc::Counters grpc_calls_;
  rpc::Counters admin_calls_;
  const std::vector<MonitoredListener> listeners_ = {{"grpc", "127.0.0.1:1", &grpc_, &grpc_calls_},
                                                     {"admin", "unix:/a", &admin_, &admin_calls_}};
  std::vector<std::string> lines_;
  observe::Logger log_{
      {}, SystemClock(), [this](std::string_view line) { lines_.emplace_back(line); }};
  RefusalReport report_{log_};
};

TEST_F(ListenerMetricsTest, WritesEachCounterByListener) {
  grpc_.connections_accepted.Add(7);
  grpc_.connections_closed.Add(3);
  grpc_.ping_floods.Add("192.0.2.1:1");
  grpc_.streams_refused.Add(9);
  grpc_calls_.messages_too_large.Add(5);
  grpc_calls_.principals_full.Add(4);
  grpc_.output_budget.Add("192.0.2.1:2");
  grpc_.refused_per_principal.Add("192.0.2.1:3");
  admin_.tls_failures.Add("unix");
  admin_.tls_failures.Add("unix");
  observe::MetricWriter writer;
  WriteListenerMetrics(listeners_, writer);
  const std::string text = std::move(writer).Take();
  for (const char* line :
       {"connections_accepted_total{listener=\"grpc\"} 7\n",
        "connections_open{listener=\"grpc\"} 4\n", "connections_open{listener=\"admin\"} 0\n",
        "connections_cut_total{listener=\"grpc\",limit=\"pings\"} 1\n",
        "requests_refused_total{listener=\"grpc\",limit=\"max_streams\"} 9\n",
        "requests_refused_total{listener=\"grpc\",limit=\"message\"} 5\n",
        "requests_refused_total{listener=\"grpc\",limit=\"max_streams_per_principal\"} 4\n",
        "connections_cut_total{listener=\"grpc\",limit=\"output_budget\"} 1\n",
        "connections_refused_total{listener=\"grpc\",limit=\"max_connections_per_principal\"} 1\n",
        "handshakes_failed_total{listener=\"admin\",cause=\"tls\"} 2\n",
        "connections_refused_total{listener=\"grpc\",limit=\"max_connections\"} 0\n"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\ncredential_broker_") + line));
  }
  EXPECT_EQ(RefusedConnections(grpc_), 3U);
  EXPECT_EQ(RefusedConnections(admin_), 2U);
}

TEST(WriteCertificateMetrics, WritesWhenTheCertificatesOfEachListenerExpire) {
  const h2::CertificateValidity server = {absl::FromUnixSeconds(1'800'000'000),
                                          absl::FromUnixSeconds(1'807'776'000)};
  const h2::CertificateValidity ca = {absl::FromUnixSeconds(1'700'000'000),
                                      absl::FromUnixSeconds(1'900'000'000)};
  const auto listener = [](const std::string& name, h2::ExpiringCertificates certificates) {
    return MonitoredListener{name, "", nullptr, nullptr, [certificates] { return certificates; }};
  };
  observe::MetricWriter writer;
  WriteCertificateMetrics(
      {listener("grpc", {server, ca}), listener("one-way", {server, {}}), listener("admin", {})},
      writer);
  const std::string text = std::move(writer).Take();
  const std::string expiry = "credential_broker_tls_certificate_expiration_timestamp_seconds";
  const std::string start = "credential_broker_tls_certificate_not_before_timestamp_seconds";
  EXPECT_THAT(text, HasSubstr(expiry + "{listener=\"grpc\",certificate=\"server\"} 1807776000\n"));
  EXPECT_THAT(text,
              HasSubstr(expiry + "{listener=\"grpc\",certificate=\"client_ca\"} 1900000000\n"));
  EXPECT_THAT(text, HasSubstr(start + "{listener=\"grpc\",certificate=\"server\"} 1800000000\n"));
  EXPECT_THAT(text,
              HasSubstr(start + "{listener=\"grpc\",certificate=\"client_ca\"} 1700000000\n"));
  EXPECT_THAT(text,
              HasSubstr(expiry + "{listener=\"one-way\",certificate=\"server\"} 1807776000\n"));
  EXPECT_THAT(text, Not(HasSubstr("{listener=\"one-way\",certificate=\"client_ca\"}")));
  EXPECT_THAT(text, Not(HasSubstr("admin"))) << "plaintext";
}

TEST_F(ListenerMetricsTest, TellsWhatIsNewInOneLineForEachCause) {
  EXPECT_THAT(Tell(), IsEmpty());
  for (int port = 1; port <= 1000; ++port) {
    grpc_.tls_failures.Add("192.0.2.1:" + std::to_string(port));
  }
  grpc_.idle_timeouts.Add(5);  // nothing to tell: in the order of things
  admin_.refused_total.Add("unix:uid:7");
  EXPECT_THAT(Tell(),
              ElementsAre(AllOf(HasSubstr("\"event\":\"connections_refused\""),
                                HasSubstr("\"listener\":\"grpc\",\"handshake\":\"tls\""),
                                HasSubstr("\"count\":1000,\"last_peer\":\"192.0.2.1:1000\"}")),
                          HasSubstr("\"listener\":\"admin\",\"limit\":\"max_connections\","
                                    "\"count\":1,\"last_peer\":\"unix:uid:7\"}")));
  EXPECT_THAT(Tell(), IsEmpty());
  grpc_.tls_failures.Add("192.0.2.2:1");
  EXPECT_THAT(Tell(), ElementsAre(HasSubstr("\"count\":1,\"last_peer\":\"192.0.2.2:1\"}")));
}

}  // namespace
}  // namespace credential_broker::cli
