#ifndef CREDENTIAL_BROKER_CLI_TOKEN_STREAM_H_
#define CREDENTIAL_BROKER_CLI_TOKEN_STREAM_H_

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/broker_client.h"
#include "cli/connection.h"
#include "cli/rpc_error.h"

namespace credential_broker::cli {

// WatchTokenResponse of the API.
struct TokenUpdate {
  std::optional<FetchedToken> token;  // none: the one before is withdrawn
  ListedCredential credential;
};

struct NothingYet {};

// What a wait brought: a message, nothing in time, or the end of the stream, whose code is OK where
// the broker ended it without an error.
using StreamEvent = std::variant<TokenUpdate, NothingYet, RpcError>;

// One WatchToken stream over a connection of its own. One thread uses it; only Cancel is for any.
class TokenStream {
 public:
  virtual ~TokenStream() = default;

  // Reads the files that the options name anew, so that certificates and tokens that were rotated
  // are used; fails where one is no good.
  static absl::StatusOr<std::unique_ptr<TokenStream>> Open(const ConnectionOptions& options,
                                                           const std::string& credential);

  // Not to be called after the end.
  virtual StreamEvent Next(absl::Duration longest) = 0;

  // Ends the stream: Next returns soon.
  virtual void Cancel() = 0;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_TOKEN_STREAM_H_
