#include "cli/config_change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace credential_broker::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(KeysThatNeedRestart, AreThoseReadAtTheStartOnly) {
  const config::BrokerConfig running;
  config::BrokerConfig wanted;
  wanted.server.listen = "127.0.0.1:1";
  wanted.server.max_connections = 7;
  wanted.server.max_connections_per_principal = 8;
  wanted.server.max_streams_per_principal = 9;
  wanted.admin.listen = "unix:/a";
  wanted.http.statusz = true;
  wanted.kubernetes_callers = {.audience = "credential-broker"};
  wanted.kubernetes.api_server = "https://api";
  wanted.log.format = "text";
  EXPECT_THAT(
      KeysThatNeedRestart(running, wanted),
      ElementsAre("server.listen", "server.max_connections", "server.max_connections_per_principal",
                  "server.max_streams_per_principal", "admin", "http", "kubernetes_callers",
                  "kubernetes", "log.format"));
}

TEST(KeysThatNeedRestart, DoNotHaveWhatAReloadTakes) {
  config::BrokerConfig running;
  running.server.has_tls = true;
  config::BrokerConfig wanted = running;
  wanted.server.tls = {.cert_file = "other.crt",
                       .key_file = "other.key",
                       .client_ca_file = "other-ca.crt",
                       .client_ca = {},
                       .crl_file = "other.crl"};
  wanted.server.drain_delay = absl::Seconds(5);
  wanted.log.level = "debug";
  wanted.credentials.emplace_back();
  EXPECT_THAT(KeysThatNeedRestart(running, wanted), IsEmpty());
}

TEST(KeysThatNeedRestart, TlsOnAPlaintextListenerIsAnotherListener) {
  const config::BrokerConfig running;
  config::BrokerConfig wanted;
  wanted.server.has_tls = true;
  EXPECT_THAT(KeysThatNeedRestart(running, wanted), ElementsAre("server.tls"));
}

}  // namespace
}  // namespace credential_broker::cli
