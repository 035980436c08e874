#ifndef CREDENTIAL_BROKER_CLI_BROKER_CLIENT_H_
#define CREDENTIAL_BROKER_CLI_BROKER_CLIENT_H_

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/secret.h"
#include "cli/connection.h"
#include "cli/rpc_error.h"

namespace credential_broker::cli {

// AccessToken of the API. `value` and `token_type` can be put into a header as they are.
struct FetchedToken {
  Secret value;
  std::string token_type;
  std::string version;
  std::optional<absl::Time> expire_time;
  std::optional<absl::Time> refresh_time;
  absl::Duration remaining_validity;
};

struct TokenRequest {
  std::string credential = {};  // empty: "default"
  absl::Duration min_validity = {};
  std::string rejected_version = {};  // empty: none
};

// Credential of the API.
struct ListedCredential {
  std::string name = {};
  std::string state = {};  // "READY" and so on; the number of one that is not known
  std::string version = {};
  std::optional<absl::Time> expire_time = {};
  std::optional<absl::Time> last_refresh_time = {};
  std::optional<absl::Time> next_refresh_time = {};
  std::string last_error_reason = {};
};

template <typename T>
using RpcResult = std::variant<T, RpcError>;

// Calls a broker. Each call blocks, at the longest for the endpoint's time-out. Not thread-safe.
class BrokerClient {
 public:
  virtual ~BrokerClient() = default;

  // Fails where a file that the options name is no good; nothing is connected to before the first
  // call.
  static absl::StatusOr<std::unique_ptr<BrokerClient>> Create(const ConnectionOptions& options);

  virtual RpcResult<FetchedToken> GetToken(const TokenRequest& request) = 0;

  // All of them, over as many pages as there are.
  virtual RpcResult<std::vector<ListedCredential>> ListCredentials() = 0;

  // Has a new token obtained for the credential; the state after it. Of the admin listener only.
  virtual RpcResult<ListedCredential> RefreshCredential(const std::string& name) = 0;

  // The status by name, such as "SERVING"; `service` empty: the process itself.
  virtual RpcResult<std::string> CheckHealth(const std::string& service) = 0;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_BROKER_CLIENT_H_
