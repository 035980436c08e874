#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "config/load_config.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// DESIGN §4's example, less what is not supported yet.
constexpr std::string_view kFull = R"(apiVersion: credentialbroker/v1
kind: BrokerConfig
server:
  listen: "[::]:9443"
  tls:
    cert_file: /tls/tls.crt
    key_file: /tls/tls.key
    client_ca_file: /tls/ca.crt
  reflection: false
  max_wait: 250ms
  max_connection_age: 3m
  drain_delay: 5s
  max_connections: 20
  max_connections_per_address: 10
  max_connections_per_principal: 5
  max_streams_per_principal: 500
  rate_limit: {per_second: 0.5, burst: 200}
kubernetes_callers: {audience: credential-broker}
kubernetes: {api_server: "https://10.0.0.1:6443/", ca_file: k8s.pem, token_file: /k8s/token}
admin: {listen: unix:/run/admin.sock}
session_store: {type: memory}
credentials:
- name: default
  base_url: https://api.sandbox.investsuite.com/v1/
  ca_file: ca.pem
  access_key_id_file: /secrets/access_key_id
  secret_access_key_file: /secrets/secret_access_key
  connect_timeout: 1s
  request_timeout: 4s
  refresh_at: 0.6
  allow:
  - principals: ["spiffe://prod/ns/orders/sa/*", "system:serviceaccount:orders:api"]
  - principals: [anonymous]
  deny: ["spiffe://prod/ns/orders/sa/stolen", "dns:**"]
- name: people
  base_url: https://api.example.com
  username_file: secrets/user
  password_file: secrets/password
log: {level: debug, format: text}
)";

// `server` and the keys of one credential around what a test is about. Line 3 is the first of
// `server`.
std::string WithServer(std::string_view server) {
  return StrCat("apiVersion: credentialbroker/v1\nkind: BrokerConfig\n", server, R"(
credentials:
- name: default
  base_url: https://api.example.com
  access_key_id_file: /s/id
  secret_access_key_file: /s/key
)");
}

// Line 7 is the first of `keys`.
std::string WithTls(std::string_view keys) {
  return WithServer(StrCat("server:\n  tls:\n    cert_file: /c\n    key_file: /k\n    ", keys));
}

// Line 5 is `- name: default`, line 6 the first of `keys`, which are indented by two.
std::string WithCredential(std::string_view keys) {
  return StrCat(R"(apiVersion: credentialbroker/v1
kind: BrokerConfig
server: {listen: "127.0.0.1:8443"}
credentials:
- name: default
)",
                keys);
}

constexpr std::string_view kUrlAndKey =
    "  base_url: https://api.example.com\n"
    "  access_key_id_file: /s/id\n"
    "  secret_access_key_file: /s/key\n";

std::string WithCredentialKey(std::string_view line) {
  return WithCredential(StrCat("  ", line, "\n", kUrlAndKey));
}

std::string ErrorOf(std::string_view text) {
  const absl::StatusOr<BrokerConfig> config = ParseConfig(text, "b.yaml");
  if (config.ok()) {
    return "OK";
  }
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(config.status().message());
}

TEST(ParseConfig, ReadsEveryKey) {
  const absl::StatusOr<BrokerConfig> config = ParseConfig(kFull, "/etc/broker/b.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server.listen, "[::]:9443");
  EXPECT_TRUE(config->server.has_tls);
  EXPECT_EQ(config->server.tls.cert_file, "/tls/tls.crt");
  EXPECT_EQ(config->server.tls.key_file, "/tls/tls.key");
  EXPECT_EQ(config->server.tls.client_ca_file, "/tls/ca.crt");
  EXPECT_FALSE(config->server.reflection);
  EXPECT_EQ(config->server.max_wait, absl::Milliseconds(250));
  EXPECT_EQ(config->server.max_connection_age, absl::Minutes(3));
  EXPECT_EQ(config->server.drain_delay, absl::Seconds(5));
  EXPECT_EQ(config->server.max_connections, 20U);
  EXPECT_EQ(config->server.max_connections_per_address, 10U);
  EXPECT_EQ(config->server.max_connections_per_principal, 5U);
  EXPECT_EQ(config->server.max_streams_per_principal, 500U);
  ASSERT_TRUE(config->server.rate_limit.has_value());
  EXPECT_DOUBLE_EQ(config->server.rate_limit->per_second, 0.5);
  EXPECT_EQ(config->server.rate_limit->burst, 200U);
  ASSERT_TRUE(config->kubernetes_callers.has_value());
  EXPECT_EQ(config->kubernetes_callers->audience, "credential-broker");
  EXPECT_EQ(config->kubernetes.api_server, "https://10.0.0.1:6443");
  EXPECT_EQ(config->kubernetes.ca_file, "/etc/broker/k8s.pem");
  EXPECT_EQ(config->kubernetes.token_file, "/k8s/token");
  EXPECT_EQ(config->session_store.type, SessionStoreType::kMemory);
  ASSERT_EQ(config->credentials.size(), 2U);
  const CredentialConfig& first = config->credentials[0];
  EXPECT_EQ(first.name, "default");
  EXPECT_EQ(first.base_url, "https://api.sandbox.investsuite.com/v1");
  EXPECT_EQ(first.ca_file, "/etc/broker/ca.pem");
  EXPECT_EQ(first.login.kind, LoginKind::kAccessKey);
  EXPECT_EQ(first.login.id_file, "/secrets/access_key_id");
  EXPECT_EQ(first.login.secret_file, "/secrets/secret_access_key");
  EXPECT_EQ(first.connect_timeout, absl::Seconds(1));
  EXPECT_EQ(first.request_timeout, absl::Seconds(4));
  EXPECT_DOUBLE_EQ(first.refresh_at, 0.6);
  ASSERT_EQ(first.allow.size(), 2U);
  ASSERT_EQ(first.allow[0].principals.size(), 2U);
  EXPECT_EQ(first.allow[0].principals[0].text(), "spiffe://prod/ns/orders/sa/*");
  EXPECT_EQ(first.allow[1].principals[0].text(), "anonymous");
  ASSERT_EQ(first.deny.size(), 2U);
  EXPECT_EQ(first.deny[0].text(), "spiffe://prod/ns/orders/sa/stolen");
  const CredentialConfig& second = config->credentials[1];
  EXPECT_EQ(second.login.kind, LoginKind::kUserPassword);
  EXPECT_EQ(second.login.id_file, "/etc/broker/secrets/user");
  EXPECT_EQ(second.login.secret_file, "/etc/broker/secrets/password");
  EXPECT_EQ(config->log.level, "debug");
  EXPECT_EQ(config->log.format, "text");
}

TEST(ParseConfig, HasTheDefaultsOfTheDesign) {
  const absl::StatusOr<BrokerConfig> config =
      ParseConfig(WithServer("server:\n  plaintext: true"), "b.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->server.listen, "0.0.0.0:8443");
  EXPECT_FALSE(config->server.has_tls);
  EXPECT_TRUE(config->server.reflection);
  EXPECT_EQ(config->server.max_wait, absl::Seconds(5));
  EXPECT_EQ(config->server.max_connection_age, absl::Seconds(180));
  EXPECT_EQ(config->server.drain_delay, absl::Seconds(1));
  EXPECT_EQ(config->server.max_connections, 10000U);
  EXPECT_EQ(config->server.max_connections_per_address, 1000U);
  EXPECT_EQ(config->server.max_connections_per_principal, 1000U);
  EXPECT_EQ(config->server.max_streams_per_principal, 20000U);
  EXPECT_FALSE(config->server.rate_limit.has_value());
  EXPECT_FALSE(config->kubernetes_callers.has_value());
  EXPECT_TRUE(config->kubernetes.api_server.empty());
  ASSERT_EQ(config->credentials.size(), 1U);
  EXPECT_EQ(config->credentials[0].connect_timeout, absl::Seconds(2));
  EXPECT_EQ(config->credentials[0].request_timeout, absl::Seconds(5));
  EXPECT_DOUBLE_EQ(config->credentials[0].refresh_at, 0.5);
  EXPECT_TRUE(config->credentials[0].allow.empty());
  EXPECT_EQ(config->log.level, "info");
  EXPECT_EQ(config->log.format, "json");
}

TEST(ParseConfig, AnEmptyListOfCredentialsIsAConfiguration) {
  const absl::StatusOr<BrokerConfig> config = ParseConfig(
      "apiVersion: credentialbroker/v1\nkind: BrokerConfig\nserver: {plaintext: true}\n"
      "credentials: []\n",
      "b.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->credentials.empty());
}

TEST(ParseConfig, DrainDelayIsBetweenNoneAndFiveMinutes) {
  for (const auto& [text, delay] : {std::pair{"0s", absl::ZeroDuration()},
                                    {"250ms", absl::Milliseconds(250)},
                                    {"5m", absl::Minutes(5)}}) {
    const absl::StatusOr<BrokerConfig> config = ParseConfig(
        WithServer(StrCat("server:\n  plaintext: true\n  drain_delay: ", text)), "b.yaml");
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->server.drain_delay, delay) << text;
  }
}

struct Wrong {
  std::string text;
  std::string message;
};

void ExpectMessages(const std::vector<Wrong>& table) {
  for (const Wrong& wrong : table) {
    EXPECT_EQ(ErrorOf(wrong.text), wrong.message) << wrong.text;
  }
}

TEST(ParseConfig, NamesLineKeyAndMendOfWhatIsWrongAtTheTop) {
  const std::string good = WithServer("server: {plaintext: true}");
  const auto replaced = [&good](std::string_view from, std::string_view to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  ExpectMessages({
      {"", "b.yaml:1: the file is empty; it needs apiVersion, kind, server and credentials"},
      {"just text", "b.yaml:1: must be a map of keys; a single value stands here"},
      {"# nothing\n",
       "b.yaml:1: the file is empty; it needs apiVersion, kind, server and credentials"},
      {"- a\n", "b.yaml:1: must be a map of keys; a list stands here"},
      {replaced("credentialbroker/v1", "credentialbroker/v2"),
       "b.yaml:1: apiVersion: \"credentialbroker/v2\" is not known; write apiVersion: "
       "credentialbroker/v1"},
      {replaced("apiVersion: credentialbroker/v1\n", ""),
       "b.yaml:1: apiVersion: is missing; write apiVersion: credentialbroker/v1"},
      {replaced("kind: BrokerConfig\n", "kind:\n"),
       "b.yaml:2: kind: must be text; nothing stands here"},
      {replaced("kind: BrokerConfig", "kind: ''"),
       "b.yaml:2: kind: is empty; give it a value or remove it"},
      {good + "lag: {level: info}\n", "b.yaml:9: lag: unknown key (did you mean log?)"},
      {good + "htpp: {}\n", "b.yaml:9: htpp: unknown key (did you mean http?)"},
      {good + "telemetry: {}\n",
       "b.yaml:9: telemetry: unknown key; known here: admin, apiVersion, credentials, envoy, http, "
       "kind, kubernetes, kubernetes_callers, log, server, session_store"},
      {good + "log: {level: verbose}\n",
       "b.yaml:9: log.level: \"verbose\" is not known; write debug or error or info or warn"},
      {good + "log: {format: xml}\n",
       "b.yaml:9: log.format: \"xml\" is not known; write json or text"},
      {good + "log: info\n", "b.yaml:9: log: must be a map of keys; a single value stands here"},
      {good + "kind: BrokerConfig\n",
       "b.yaml:9: kind: duplicate key, first on line 2; leave one of them"},
      {"apiVersion: credentialbroker/v1\nkind: BrokerConfig\nserver: {plaintext: true}\n",
       "b.yaml:1: credentials: is missing; list the credentials that the broker keeps, or write "
       "credentials: [] for none"},
      {"apiVersion: credentialbroker/v1\nkind: BrokerConfig\nserver: {plaintext: true}\n"
       "credentials: {default: {}}\n",
       "b.yaml:4: credentials: must be a list; a map of keys stands here"},
  });
}

TEST(ParseConfig, NamesLineKeyAndMendOfWhatIsWrongInServer) {
  ExpectMessages({
      {WithServer("server: {}"),
       "b.yaml:3: server.listen: \"0.0.0.0:8443\" is open to the network without TLS; give "
       "server.tls a cert_file and a key_file, or say server.plaintext: true"},
      {WithServer("server:\n  listen: broker.internal:8443"),
       "b.yaml:4: server.listen: \"broker.internal:8443\" is open to the network without TLS; give "
       "server.tls a cert_file and a key_file, or say server.plaintext: true"},
      {WithServer("server:\n  listen: 127.0.0.1"),
       "b.yaml:4: server.listen: \"127.0.0.1\": has no port; write host:port, [v6]:port or "
       "unix:/path, such as 0.0.0.0:8443"},
      {WithServer("server:\n  plaintext: yes"),
       "b.yaml:4: server.plaintext: must be true or false, without quotes; \"yes\" stands here\n"
       "b.yaml:4: server.listen: \"0.0.0.0:8443\" is open to the network without TLS; give "
       "server.tls a cert_file and a key_file, or say server.plaintext: true"},
      {WithServer("server:\n  plaintext: true\n  reflection: \"true\""),
       "b.yaml:5: server.reflection: must be true or false, without quotes; \"true\" stands here"},
      {WithServer("server:\n  plaintext: true\n  tls: {cert_file: /c, key_file: /k}"),
       "b.yaml:4: server.plaintext: must not be true beside server.tls; leave one of them"},
      {WithServer("server:\n  tls:\n    cert_file: /c"),
       "b.yaml:5: server.tls.key_file: is missing; TLS needs cert_file and key_file, both PEM"},
      {WithServer("server:\n  tls:"),
       "b.yaml:4: server.tls: must be a map of keys; nothing stands here"},
      {WithTls("client_ca: /a"),
       "b.yaml:7: server.tls.client_ca: must be a list; a single value stands here"},
      {WithTls("client_ca: []"),
       "b.yaml:7: server.tls.client_ca: names no CA; list at least one, such as {file: ca.pem, "
       "trust_domains: [prod]}, or leave it out to ask for no client certificate"},
      {WithTls("client_ca: [{file: /a}]"),
       "b.yaml:7: server.tls.client_ca[0].trust_domains: is missing or empty; list the SPIFFE "
       "trust domains "
       "that the CA may issue certificates for, set dns: true for names in DNS SANs, or both"},
      {WithTls("client_ca: [{file: /a, trust_domains: []}]"),
       "b.yaml:7: server.tls.client_ca[0].trust_domains: is missing or empty; list the SPIFFE "
       "trust "
       "domains that the CA may issue certificates for, set dns: true for names in DNS SANs, or "
       "both"},
      {WithTls("client_ca: [{trust_domains: [prod]}]"),
       "b.yaml:7: server.tls.client_ca[0].file: is missing; name the PEM file of the CA"},
      {WithTls("client_ca: [{file: /a, trust_domains: [\"spiffe://prod/ns\", Prod]}]"),
       "b.yaml:7: server.tls.client_ca[0].trust_domains[0]: \"spiffe://prod/ns\" is not a SPIFFE "
       "trust domain; write a-z, 0-9, '.', '-' and '_' without spiffe://, such as prod\n"
       "b.yaml:7: server.tls.client_ca[0].trust_domains[1]: \"Prod\" is not a SPIFFE trust domain; "
       "write a-z, 0-9, '.', '-' and '_' without spiffe://, such as prod"},
      {WithTls("client_ca: [{file: /a, dns: true}, {file: /a, trust_domains: [prod]}]"),
       "b.yaml:7: server.tls.client_ca[1].file: \"/a\" is also the file of "
       "server.tls.client_ca[0]; list each CA in one entry, with all of its trust_domains"},
      {WithTls("client_ca_file: /a\n    client_ca: [{file: /a, dns: true}]"),
       "b.yaml:8: server.tls.client_ca: must not be beside client_ca_file; leave one of them: "
       "client_ca limits the names that each CA may issue certificates for, client_ca_file does "
       "not"},
      {WithTls("crl_file: /crl"),
       "b.yaml:7: server.tls.crl_file: revokes client certificates, and without client_ca_file or "
       "client_ca none is asked for; add one of them, or leave crl_file out"},
      {WithServer("server:\n  plaintext: true\n  max_wait: 5"),
       "b.yaml:5: server.max_wait: \"5\" is not a duration; write a whole number and a unit: "
       "250ms, 5s, 3m or 1h"},
      {WithServer("server:\n  plaintext: true\n  max_wait: 1h"),
       "b.yaml:5: server.max_wait: must be at most 7s, the time that calls in flight have to end "
       "when the broker shuts down (10s when a connection reaches max_connection_age): a call that "
       "waits longer would be cut off without a status"},
      {WithServer("server:\n  plaintext: true\n  max_wait: 7001ms"),
       "b.yaml:5: server.max_wait: must be at most 7s, the time that calls in flight have to end "
       "when the broker shuts down (10s when a connection reaches max_connection_age): a call that "
       "waits longer would be cut off without a status"},
      {WithServer("server:\n  plaintext: true\n  drain_delay: 301s"),
       "b.yaml:5: server.drain_delay: 301s is out of bounds; write 0s to 5m"},
      {WithServer("server:\n  plaintext: true\n  drain_delay: -1s"),
       "b.yaml:5: server.drain_delay: \"-1s\" is not a duration; write a whole number and a unit: "
       "250ms, 5s, 3m or 1h"},
      {WithServer("server:\n  plaintext: true\n  max_wait: [5s]"),
       "b.yaml:5: server.max_wait: must be a duration such as 5s; a list stands here"},
      {WithServer("server:\n  plaintext: true\n  max_connection_age: 0s"),
       "b.yaml:5: server.max_connection_age: 0s is out of bounds; write 1s to 24h"},
      {WithServer("server:\n  plaintext: true\n  max_connections: 0"),
       "b.yaml:5: server.max_connections: must be a whole number from 1 to 1000000, without "
       "quotes; \"0\" stands here"},
      {WithServer("server:\n  plaintext: true\n  max_connections_per_address: -1"),
       "b.yaml:5: server.max_connections_per_address: must be a whole number from 1 to 1000000, "
       "without quotes; \"-1\" stands here"},
      {WithServer("server:\n  plaintext: true\n  max_connections_per_principal: 0"),
       "b.yaml:5: server.max_connections_per_principal: must be a whole number from 1 to 1000000, "
       "without quotes; \"0\" stands here"},
      {WithServer("server:\n  plaintext: true\n  max_streams_per_principal: many"),
       "b.yaml:5: server.max_streams_per_principal: must be a whole number from 1 to 100000000, "
       "without quotes; \"many\" stands here"},
      {WithServer("server:\n  plaintext: true\n  max_wiat: 5s"),
       "b.yaml:5: server.max_wiat: unknown key (did you mean max_wait?)"},
      {WithServer("server:\n  plaintext: true\n  rate_limit: {per_second: 1}"),
       "b.yaml:5: server.rate_limit.burst: is missing; write both, such as {per_second: 100, "
       "burst: 200}"},
      {WithServer("server:\n  plaintext: true\n  rate_limit: {per_second: 0, burst: 1}"),
       "b.yaml:5: server.rate_limit.per_second: must be a number from 0.01 to 1e+06, without "
       "quotes; \"0\" stands here"},
      {WithServer("server:\n  plaintext: true\n  rate_limit: {per_second: 1, burst: 0}"),
       "b.yaml:5: server.rate_limit.burst: must be a whole number from 1 to 1000000, without "
       "quotes; \"0\" stands here"},
      {WithServer("server:\n  plaintext: true\n  rate_limit: 100"),
       "b.yaml:5: server.rate_limit: must be a map of keys; a single value stands here"},
  });
}

TEST(ParseConfig, BearerTokensOverPlaintextOnTheNetworkNeedAWord) {
  const std::string callers = "kubernetes_callers: {audience: a}\n";
  ExpectMessages({
      {WithServer("server: {plaintext: true}") + callers,
       "b.yaml:9: kubernetes_callers.allow_plaintext: must be true to accept bearer tokens on "
       "\"0.0.0.0:8443\", which is open to the network without TLS: tokens could be read in "
       "transit; configure server.tls, or write allow_plaintext: true where something else, such "
       "as a "
       "service mesh, encrypts the connections"},
      {WithServer("server: {listen: \"127.0.0.1:8443\"}") +
           "kubernetes_callers: {audience: a, allow_plaintext: yes}\n",
       "b.yaml:9: kubernetes_callers.allow_plaintext: must be true or false, without quotes; "
       "\"yes\" stands here"},
  });
  for (const char* server :
       {"server: {listen: \"127.0.0.1:8443\"}", "server: {listen: \"[::1]:8443\"}",
        "server: {listen: \"unix:/run/x.sock\"}", "server: {tls: {cert_file: /c, key_file: /k}}"}) {
    EXPECT_TRUE(ParseConfig(WithServer(server) + callers, "b.yaml").ok()) << server;
  }
  const auto config = ParseConfig(WithServer("server: {plaintext: true}") +
                                      "kubernetes_callers: {audience: a, allow_plaintext: true}\n",
                                  "b.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(config->kubernetes_callers->allow_plaintext);
}

TEST(ParseConfig, ReadsTheNamesThatEachClientCaMayIssueCertificatesFor) {
  const auto config = ParseConfig(
      WithTls("client_ca:\n    - {file: prod.pem, trust_domains: [prod, prod.example]}\n"
              "    - {file: /other.pem, dns: true}\n    crl_file: crl.pem"),
      "/etc/broker/b.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  const TlsFiles& tls = config->server.tls;
  ASSERT_EQ(tls.client_ca.size(), 2U);
  EXPECT_EQ(tls.client_ca[0],
            (ClientCaConfig{"/etc/broker/prod.pem", {{"prod", "prod.example"}, false}}));
  EXPECT_EQ(tls.client_ca[1], (ClientCaConfig{"/other.pem", {{}, true}}));
  EXPECT_EQ(tls.crl_file, "/etc/broker/crl.pem");
}

TEST(ParseConfig, NamesLineKeyAndMendOfWhatIsWrongAboutKubernetes) {
  const std::string good = WithServer("server: {listen: \"127.0.0.1:8443\"}");
  ExpectMessages({
      {good + "kubernetes_callers: {}\n",
       "b.yaml:9: kubernetes_callers.audience: is missing; name the audience that callers' tokens "
       "are projected for, such as credential-broker"},
      {good + "kubernetes_callers: {audience: \"a b\"}\n",
       "b.yaml:9: kubernetes_callers.audience: \"a b\" is no audience; it must be printable ASCII "
       "without spaces, at most 253 characters"},
      {good + "kubernetes_callers: {audience: a, audiences: [b]}\n",
       "b.yaml:9: kubernetes_callers.audiences: unknown key (did you mean audience?)"},
      {good + "kubernetes: {api_server: \"http://10.0.0.1\", token_file: t}\n",
       "b.yaml:9: kubernetes.api_server: must start with https://: over anything else the secrets "
       "would be sent in the clear"},
      {good + "kubernetes: {api_server: \"https://10.0.0.1\"}\n",
       "b.yaml:9: kubernetes.token_file: is missing; beside api_server name the file of a "
       "ServiceAccount token that may review tokens"},
      {good + "kubernetes: {token: t}\n",
       "b.yaml:9: kubernetes.token: a secret never stands in this file; put it into a file of its "
       "own and name that with token_file"},
  });
}

TEST(ParseConfig, TakesPlaintextWhereNobodyElseCanListen) {
  for (const char* listen :
       {"127.0.0.1:0", "127.3.2.1:8443", "[::1]:8443", "localhost:8443", "unix:/run/broker.sock"}) {
    EXPECT_EQ(ErrorOf(WithServer(StrCat("server: {listen: \"", listen, "\"}"))), "OK") << listen;
  }
}

TEST(ParseConfig, NamesLineKeyAndMendOfWhatIsWrongInACredential) {
  const std::string no_key = "  base_url: https://api.example.com\n";
  ExpectMessages({
      {WithCredential("  access_key_id_file: /s/id\n  secret_access_key_file: /s/key\n"),
       "b.yaml:5: credentials[0].base_url: is missing; name InvestSuite's API, such as "
       "https://api.sandbox.investsuite.com"},
      {WithCredential(no_key),
       "b.yaml:5: credentials[0].access_key_id_file: is missing; name access_key_id_file and "
       "secret_access_key_file, or username_file and password_file"},
      {WithCredential(no_key + "  access_key_id_file: /s/id\n"),
       "b.yaml:5: credentials[0].secret_access_key_file: is missing; access_key_id_file and "
       "secret_access_key_file go together"},
      {WithCredential(no_key + "  password_file: /s/password\n"),
       "b.yaml:5: credentials[0].username_file: is missing; username_file and password_file go "
       "together"},
      {WithCredentialKey("username_file: /s/user\n  password_file: /s/password"),
       "b.yaml:6: credentials[0].username_file: stands beside access_key_id_file and "
       "secret_access_key_file; leave one pair"},
      {WithCredentialKey("connect_timeout: 10s"),
       "b.yaml:6: credentials[0].connect_timeout: connect_timeout must not be longer than "
       "request_timeout, which it is part of"},
      {WithCredentialKey("request_timeout: 500ms"),
       "b.yaml:6: credentials[0].request_timeout: connect_timeout must not be longer than "
       "request_timeout, which it is part of"},
      {WithCredentialKey("connect_timeout: 0s"),
       "b.yaml:6: credentials[0].connect_timeout: 0s is out of bounds; write 1ms to 5m"},
      {WithCredentialKey("refresh_at: 0.9"),
       "b.yaml:6: credentials[0].refresh_at: must be a number from 0.1 to 0.8, without quotes; "
       "\"0.9\" stands here"},
      {WithCredentialKey("refresh_at: half"),
       "b.yaml:6: credentials[0].refresh_at: must be a number from 0.1 to 0.8, without quotes; "
       "\"half\" stands here"},
      {WithCredentialKey("refresh: 0.5"),
       "b.yaml:6: credentials[0].refresh: unknown key (did you mean refresh_at?)"},
      {WithCredentialKey("secret_access_key: hunter2"),
       "b.yaml:6: credentials[0].secret_access_key: a secret never stands in this file; put it "
       "into a file of its own and name that with secret_access_key_file"},
      {WithCredentialKey("allow: {principals: [anonymous]}"),
       "b.yaml:6: credentials[0].allow: must be a list; a map of keys stands here"},
      {WithCredentialKey("allow:\n  - principals: []"),
       "b.yaml:7: credentials[0].allow[0].principals: names nobody; list who may use the "
       "credential, such as [\"dns:orders\"]"},
      {WithCredentialKey("allow:\n  - {}"),
       "b.yaml:7: credentials[0].allow[0].principals: is missing; list who may use the credential, "
       "such as [\"dns:orders\"]"},
      {WithCredentialKey("allow:\n  - principals: [anonymous]\n    for: all"),
       "b.yaml:8: credentials[0].allow[0].for: unknown key; known here: principals"},
      {WithCredentialKey("allow:\n  - principals:\n    - anonymous\n    - [anonymous]"),
       "b.yaml:9: credentials[0].allow[0].principals[1]: must be the text of a principal"},
      {WithCredentialKey("deny: anonymous"),
       "b.yaml:6: credentials[0].deny: must be a list; a single value stands here"},
      {WithCredentialKey("deny: [anonymous, [dns:a]]"),
       "b.yaml:6: credentials[0].deny[1]: must be the text of a principal"},
      {WithCredentialKey("deny: [\"dns:a**\"]"),
       "b.yaml:6: credentials[0].deny[0]: pattern \"dns:a**\": '**' at character 6 must follow a "
       "separator ('/' or ':'), since it would match other names that only begin alike; write "
       "\"dns:a:**\" for what is below, or \"dns:a*\" for endings of this segment"},
      {WithCredentialKey("allow:\n  - principals: [orders]"),
       "b.yaml:7: credentials[0].allow[0].principals[0]: \"orders\" can match nobody; principals "
       "are spiffe://…, dns:NAME, system:serviceaccount:NS:NAME, unix:uid:UID and anonymous"},
      {WithCredentialKey("allow:\n  - principals: [\"dns:a b\\n\"]"),
       "b.yaml:7: credentials[0].allow[0].principals[0]: \"dns:a b\\x0a\" is no principal; it must "
       "be printable ASCII without spaces, at most 2048 characters"},
  });
}

TEST(ParseConfig, NamesTheBadPattern) {
  EXPECT_THAT(ErrorOf(WithCredentialKey("allow:\n  - principals: [\"spiffe://prod/a*b\"]")),
              HasSubstr("b.yaml:7: credentials[0].allow[0].principals[0]: pattern "
                        "\"spiffe://prod/a*b\": '*'"));
}

TEST(ParseConfig, TakesPatternsThatCanMatchSomebody) {
  for (const char* pattern : {"spiffe://prod/ns/*/sa/api", "spiffe://**", "dns:**", "unix:uid:0",
                              "anonymous", "**", "system:serviceaccount:orders:*", "system:**"}) {
    EXPECT_EQ(ErrorOf(WithCredentialKey(StrCat("allow: [{principals: [\"", pattern, "\"]}]"))),
              "OK")
        << pattern;
  }
}

TEST(ParseConfig, RefusesNamesThatAreNoneOrTakenTwice) {
  const auto with_names = [](std::string_view a, std::string_view b) {
    return StrCat(
        "apiVersion: credentialbroker/v1\nkind: BrokerConfig\nserver: {plaintext: true}\n"
        "credentials:\n- name: ",
        a, "\n", kUrlAndKey, "- name: ", b, "\n", kUrlAndKey);
  };
  const std::string longest(63, 'a');
  EXPECT_EQ(ErrorOf(with_names("a-1", longest)), "OK");
  EXPECT_EQ(
      ErrorOf(with_names("a", "a")),
      "b.yaml:9: credentials[1].name: \"a\" is also the name of credentials[0]; give each its "
      "own");
  for (const std::string& bad :
       std::vector<std::string>{"A", "a_b", "a.b", "\"\\u00e9\"", longest + "a"}) {
    EXPECT_THAT(ErrorOf(with_names("a", bad)),
                HasSubstr("is no name; write 1 to 63 characters of a-z, 0-9 and -"))
        << bad;
  }
}

TEST(ParseConfig, ReadsTheAdminSocket) {
  const std::string good = WithServer("server: {listen: 127.0.0.1:1}");
  EXPECT_EQ(ParseConfig(good, "b.yaml")->admin.listen, "");
  EXPECT_EQ(ParseConfig(good + "admin: {listen: unix:/run/admin.sock}\n", "b.yaml")->admin.listen,
            "unix:/run/admin.sock");
}

TEST(ParseConfig, AnAdminServiceThatOthersCouldReachIsRefused) {
  const std::string good = WithServer("server: {listen: unix:/run/broker.sock}");
  for (const char* listen : {"127.0.0.1:9000", "0.0.0.0:9000", "/run/admin.sock", "localhost:1"}) {
    EXPECT_THAT(ErrorOf(StrCat(good, "admin: {listen: \"", listen, "\"}\n")),
                AllOf(HasSubstr("b.yaml:9: admin.listen: \""), HasSubstr("is no unix socket"),
                      HasSubstr("write unix:/path")))
        << listen;
  }
  EXPECT_THAT(ErrorOf(good + "admin: {listen: unix:admin.sock}\n"), HasSubstr("must be absolute"));
  EXPECT_THAT(ErrorOf(good + "admin: {listen: unix:/run/broker.sock}\n"),
              HasSubstr("is where server.listen is, too"));
  EXPECT_THAT(ErrorOf(good + "admin: {}\n"), HasSubstr("or leave admin out"));
  EXPECT_THAT(ErrorOf(good + "admin: {listen: unix:/a, mode: 0600}\n"),
              HasSubstr("admin.mode: unknown key"));
}

TEST(ParseConfig, RefusesByNameWhatIsNotBuiltYet) {
  const std::string good = WithServer("server: {plaintext: true}");
  for (const char* key : {"envoy"}) {
    EXPECT_EQ(ErrorOf(StrCat(good, key, ": {listen: x}\n")),
              StrCat("b.yaml:9: ", key, ": not supported yet; remove it"));
  }
  EXPECT_EQ(ErrorOf(WithCredential("  broker: {address: unix:/b}\n")),
            "b.yaml:6: credentials[0].broker: not supported yet; remove it");
  for (const char* type : {"kubernetes", "etcd"}) {
    EXPECT_EQ(
        ErrorOf(StrCat(good, "session_store: {type: ", type, "}\n")),
        StrCat("b.yaml:9: session_store.type: ", type, " is not supported yet; write memory"));
  }
  for (const char* key : {"namespace", "name", "endpoints", "ca_file", "cert_file", "key_file",
                          "prefix", "lease_duration"}) {
    EXPECT_EQ(ErrorOf(StrCat(good, "session_store: {", key, ": x}\n")),
              StrCat("b.yaml:9: session_store.", key, ": not supported yet; remove it"));
  }
}

TEST(ParseConfig, TellsAllProblemsInTheOrderOfTheFile) {
  const std::string error = ErrorOf(
      "apiVersion: credentialbroker/v1\n"
      "kind: Broker\n"
      "server:\n"
      "  plaintext: true\n"
      "  max_wait: soon\n"
      "  max_wait: 5s\n"
      "credentials:\n"
      "- name: default\n"
      "  base_url: http://api.example.com\n"
      "  secret_access_key: x\n");
  const std::vector<std::string> places = {
      "b.yaml:2: kind: ",
      "b.yaml:5: server.max_wait: ",
      "b.yaml:6: server.max_wait: duplicate",
      "b.yaml:8: credentials[0].access_key_id_file: ",
      "b.yaml:9: credentials[0].base_url: must start with https",
      "b.yaml:10: credentials[0].secret_access_key: "};
  std::size_t at = 0;
  for (const std::string& place : places) {
    const std::size_t found = error.find(place, at);
    ASSERT_NE(found, std::string::npos) << place << " in\n" << error;
    at = found;
  }
}

TEST(ParseConfig, TellsAtMostTwentyProblems) {
  std::string text = WithServer("server: {plaintext: true}");
  for (int i = 0; i < 1000; ++i) {
    text += StrCat("wrong", i, ": 1\n");
  }
  const std::string error = ErrorOf(text);
  EXPECT_THAT(error, HasSubstr("b.yaml: and 980 more"));
  EXPECT_LT(error.size(), 10000U);
}

TEST(ParseConfig, RepeatsNoValueThatMayBeASecret) {
  constexpr std::string_view kCanary = "c4n4ry";
  for (const char* line :
       {"secret_access_key: c4n4ry", "password: c4n4ry", "access_key_id: [c4n4ry]",
        "ca_file: {c4n4ry: c4n4ry2}", "username_file: [\"c4n4ry\"]", "secret: c4n4ry",
        "base_url: \"https://user:c4n4ry@host\"", "base_url: http://c4n4ry", "password: \"c4n4ry",
        "password: &c4n4ry x", "password: *c4n4ry", "password: !c4n4ry x",
        "password: \"c4n4ry\n  x: y: z"}) {
    const std::string error = ErrorOf(WithCredentialKey(line));
    EXPECT_NE(error, "OK") << line;
    EXPECT_THAT(error, Not(HasSubstr(std::string(kCanary)))) << line;
  }
}

}  // namespace
}  // namespace credential_broker::config
