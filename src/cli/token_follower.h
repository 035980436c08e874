#ifndef CREDENTIAL_BROKER_CLI_TOKEN_FOLLOWER_H_
#define CREDENTIAL_BROKER_CLI_TOKEN_FOLLOWER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/random.h"
#include "cli/rpc_error.h"
#include "cli/run_until_signal.h"
#include "cli/token_sink.h"
#include "cli/token_stream.h"

namespace credential_broker::cli {

// Keeps a sink at what a broker says, over as many streams as it takes: a stream that ends is
// followed by another after a jittered pause. A token is withdrawn by the broker's word or, while
// it cannot be reached, shortly before it expires.
class TokenFollower {
 public:
  using OpenStream = std::function<absl::StatusOr<std::unique_ptr<TokenStream>>()>;

  struct Options {
    std::string address;     // for messages
    absl::Duration timeout;  // longest wait for the first message of a stream
  };

  // All outlive the follower.
  TokenFollower(OpenStream open, TokenSink& sink, const Clock& clock, Random& random)
      : open_(std::move(open)), sink_(sink), clock_(clock), random_(random) {}

  // Until `stop`, a local error, or an answer that no retry mends, after which the token is
  // withdrawn. The exit code.
  int Run(const Options& options, StopRequest& stop);

 private:
  struct LocalFailure {
    absl::Status status;
  };
  struct Stopped {};
  using End = std::variant<RpcError, LocalFailure, Stopped>;

  End FollowOne(const Options& options, StopRequest& stop);
  End Follow(TokenStream& stream, absl::Duration timeout, const StopRequest& stop);
  // Waits for `pause`, and withdraws what expires meanwhile.
  End Pause(absl::Duration pause, StopRequest& stop, RpcError why);

  absl::Status Take(const TokenUpdate& update);
  absl::Status WithdrawExpired();
  absl::Status Withdraw();
  absl::Duration UntilWithdrawal() const;
  void Tell(const RpcError& error, const std::string& address);

  const OpenStream open_;
  TokenSink& sink_;
  const Clock& clock_;
  Random& random_;

  std::string credential_;               // as the broker named it
  std::optional<BootTime> withdraw_at_;  // none: there is no token
  bool heard_ever_ = false;
  bool told_ = false;  // that there is trouble
  int failures_ = 0;   // since the last message
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_TOKEN_FOLLOWER_H_
