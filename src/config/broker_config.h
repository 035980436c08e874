#ifndef CREDENTIAL_BROKER_CONFIG_BROKER_CONFIG_H_
#define CREDENTIAL_BROKER_CONFIG_BROKER_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/access_policy.h"
#include "core/certificate_scope.h"

namespace credential_broker::config {

// A CA that may issue client certificates for the names of its scope only.
struct ClientCaConfig {
  std::string file;
  CertificateScope scope;

  bool operator==(const ClientCaConfig& other) const = default;
};

// PEM files of a listener. Without `client_ca_file` and `client_ca`, of which at most one is there,
// no client certificate is asked for; else one is required.
struct TlsFiles {
  std::string cert_file;
  std::string key_file;
  std::string client_ca_file;
  std::vector<ClientCaConfig> client_ca;
  std::string crl_file;
};

// Of each principal: `burst` calls at once, `per_second` in the long run.
struct RateLimitConfig {
  double per_second = 0;
  std::uint32_t burst = 0;

  bool operator==(const RateLimitConfig& other) const = default;
};

// Longest `server.max_wait`. Calls in flight have 7 s when the broker shuts down (cli/broker.cc)
// and 10 s when their connection reaches max_connection_age; a call that waited longer would be cut
// off without a status.
constexpr absl::Duration kMaxWaitLimit = absl::Seconds(7);

struct ServerConfig {
  std::string listen = "0.0.0.0:8443";  // host:port, [v6]:port or unix:/path
  bool has_tls = false;                 // false: plaintext HTTP/2, and `tls` is empty
  TlsFiles tls;
  bool reflection = true;
  absl::Duration max_wait = absl::Seconds(5);  // longest that GetToken waits for a token
  absl::Duration max_connection_age = absl::Seconds(180);
  absl::Duration drain_delay = absl::Seconds(1);  // from NOT_SERVING to the first GOAWAY
  std::uint32_t max_connections = 10000;
  std::uint32_t max_connections_per_address = 1000;
  std::uint32_t max_connections_per_principal = 1000;
  std::uint32_t max_streams_per_principal = 20000;
  std::optional<RateLimitConfig> rate_limit;  // none: no limit
};

// ServiceAccount tokens of callers are accepted where they are meant for `audience`.
struct KubernetesCallersConfig {
  std::string audience;
  // Also on a listener that is open to the network without TLS.
  bool allow_plaintext = false;

  bool operator==(const KubernetesCallersConfig& other) const = default;
};

// The Kubernetes API server, and as whom the broker speaks to it. What is empty is the pod's own.
struct KubernetesConfig {
  std::string api_server;  // https, without a slash at its end; then `token_file` is there too
  std::string ca_file;     // empty beside an `api_server`: the system's roots
  std::string token_file;

  bool operator==(const KubernetesConfig& other) const = default;
};

// The plaintext listener for probes and scrapers.
struct HttpConfig {
  std::string listen;    // as ServerConfig's; empty: there is none
  bool statusz = false;  // also /statusz, which names callers
  // Where the port of `listen` is taken, any other will do. No key of the file sets it: `--dev`
  // does, unless it is told where to listen.
  bool any_port_if_taken = false;

  bool operator==(const HttpConfig& other) const = default;
};

// Which pair of files holds what logs in: DESIGN §2 knows two.
enum class LoginKind { kAccessKey, kUserPassword };

struct LoginFiles {
  LoginKind kind = LoginKind::kAccessKey;
  std::string id_file;      // access_key_id_file or username_file
  std::string secret_file;  // secret_access_key_file or password_file

  bool operator==(const LoginFiles& other) const = default;
};

struct AllowRule {
  std::vector<PrincipalPattern> principals;  // never empty

  bool operator==(const AllowRule& other) const = default;
};

struct CredentialConfig {
  std::string name;
  std::string base_url;  // https, without a slash at its end
  std::string ca_file;   // empty: the system's roots
  LoginFiles login;
  absl::Duration connect_timeout = absl::Seconds(2);
  absl::Duration request_timeout = absl::Seconds(5);
  double refresh_at = 0.5;             // fraction of the lifetime
  std::vector<AllowRule> allow;        // empty: nobody
  std::vector<PrincipalPattern> deny;  // wins over `allow`

  bool operator==(const CredentialConfig& other) const = default;
};

struct AdminConfig {
  std::string listen;  // unix:/path; empty: no admin service

  bool operator==(const AdminConfig& other) const = default;
};

enum class SessionStoreType { kMemory };

struct SessionStoreConfig {
  SessionStoreType type = SessionStoreType::kMemory;
};

struct LogConfig {
  std::string level = "info";   // debug, info, warn, error
  std::string format = "json";  // json, text
};

// The whole configuration, checked. Names of files are as the configuration wrote them where
// absolute; a relative one is taken from the folder of the configuration file.
struct BrokerConfig {
  ServerConfig server;
  AdminConfig admin;
  HttpConfig http;
  std::optional<KubernetesCallersConfig> kubernetes_callers;  // none: no bearer token is accepted
  KubernetesConfig kubernetes;
  SessionStoreConfig session_store;
  std::vector<CredentialConfig> credentials;  // names unique; may be empty
  // Who may ask for any name, so that a name that does not exist is told to them as such. No key of
  // the file sets it: rules there stand under the credential that they are for.
  std::vector<PrincipalPattern> allow_any_credential;
  LogConfig log;
};

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_BROKER_CONFIG_H_
