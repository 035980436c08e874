#ifndef CREDENTIAL_BROKER_CLI_TOKEN_SINK_H_
#define CREDENTIAL_BROKER_CLI_TOKEN_SINK_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "cli/token_stream.h"

namespace credential_broker::cli {

// Where `token watch` puts what it learns.
class TokenSink {
 public:
  virtual ~TokenSink() = default;

  // A token, or that there is none any more. An error is a local one: a full disk, a closed pipe.
  virtual absl::Status Put(const TokenUpdate& update) = 0;
};

// A JSON object a line on standard output: WatchTokenResponse in protobuf's JSON form.
std::unique_ptr<TokenSink> MakeJsonLinesSink();

// The token's bare value in `file`, mode 0600: replaced atomically, on disk before it is seen,
// and removed when it is withdrawn.
std::unique_ptr<TokenSink> MakeFileSink(std::string file);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_TOKEN_SINK_H_
