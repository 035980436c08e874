#include "cli/token_follower.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "core/refresh_timing.h"

namespace credential_broker::cli {
namespace {

// A broker that sends us away for longer is asked again after this.
constexpr absl::Duration kLongestRetryAfter = absl::Minutes(1);

// What a token must have left to live when the broker is not there to withdraw it: the broker's own
// rule, with what was left when it came for the lifetime.
absl::Duration Slack(absl::Duration validity) { return std::min(absl::Seconds(10), validity / 10); }

bool RetryMayHelp(const RpcError& error) {
  if (error.client_certificate_refused) {
    return false;
  }
  switch (error.code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnimplemented:
      return false;
    default:
      return true;
  }
}

}  // namespace

int TokenFollower::Run(const Options& options, StopRequest& stop) {
  for (;;) {
    End end = FollowOne(options, stop);
    if (const auto* error = std::get_if<RpcError>(&end)) {
      if (!RetryMayHelp(*error)) {
        // Nobody is left to withdraw it later.
        (void)Withdraw();
        return Fail(*error, options.address);
      }
      ++failures_;
      Tell(*error, options.address);
      const absl::Duration asked =
          std::min(error->retry_after.value_or(absl::ZeroDuration()), kLongestRetryAfter);
      end = Pause(asked + RetryPause(failures_, random_.Fraction()), stop, *error);
    }
    if (const auto* failure = std::get_if<LocalFailure>(&end)) {
      return FailLocally(failure->status);
    }
    if (std::holds_alternative<Stopped>(end)) {
      return kExitOk;
    }
  }
}

TokenFollower::End TokenFollower::FollowOne(const Options& options, StopRequest& stop) {
  absl::StatusOr<std::unique_ptr<TokenStream>> stream = open_();
  if (!stream.ok()) {
    if (!heard_ever_) {
      return LocalFailure{stream.status()};
    }
    // A file that is just being replaced.
    return RpcError{.code = absl::StatusCode::kUnavailable,
                    .message = std::string(stream.status().message())};
  }
  stop.SetInterrupt([&] { (*stream)->Cancel(); });
  End end = Follow(**stream, options.timeout, stop);
  stop.SetInterrupt(nullptr);
  return end;
}

TokenFollower::End TokenFollower::Follow(TokenStream& stream, absl::Duration timeout,
                                         const StopRequest& stop) {
  const BootTime speak_by = clock_.Now() + timeout;
  bool heard = false;
  for (;;) {
    absl::Duration longest = UntilWithdrawal();
    if (!heard) {
      longest = std::min(longest, speak_by - clock_.Now());
    }
    StreamEvent event = stream.Next(std::max(longest, absl::ZeroDuration()));
    if (stop.made()) {
      return Stopped{};
    }
    absl::Status status;
    if (auto* error = std::get_if<RpcError>(&event)) {
      return std::move(*error);
    }
    if (const auto* update = std::get_if<TokenUpdate>(&event)) {
      heard = true;
      status = Take(*update);
    } else {
      status = WithdrawExpired();
      if (!heard && clock_.Now() >= speak_by) {
        return RpcError{.code = absl::StatusCode::kDeadlineExceeded,
                        .message = "the broker says nothing"};
      }
    }
    if (!status.ok()) {
      return LocalFailure{std::move(status)};
    }
  }
}

TokenFollower::End TokenFollower::Pause(absl::Duration pause, StopRequest& stop, RpcError why) {
  const BootTime end = clock_.Now() + pause;
  for (BootTime now = clock_.Now(); now < end; now = clock_.Now()) {
    if (stop.Wait(std::min(end - now, UntilWithdrawal()))) {
      return Stopped{};
    }
    if (absl::Status status = WithdrawExpired(); !status.ok()) {
      return LocalFailure{std::move(status)};
    }
  }
  return why;
}

absl::Status TokenFollower::Take(const TokenUpdate& update) {
  if (std::exchange(told_, false)) {
    PrintNote("the broker is there again");
  }
  heard_ever_ = true;
  failures_ = 0;
  credential_ = update.credential.name;
  withdraw_at_.reset();
  if (update.token.has_value()) {
    const absl::Duration validity = update.token->remaining_validity;
    withdraw_at_ = clock_.Now() + (validity - Slack(validity));
  }
  return sink_.Put(update);
}

absl::Status TokenFollower::WithdrawExpired() {
  return UntilWithdrawal() > absl::ZeroDuration() ? absl::OkStatus() : Withdraw();
}

absl::Status TokenFollower::Withdraw() {
  if (!withdraw_at_.has_value()) {
    return absl::OkStatus();
  }
  withdraw_at_.reset();
  TokenUpdate gone;
  gone.credential.name = credential_;
  gone.credential.state = "UNAVAILABLE";
  return sink_.Put(gone);
}

absl::Duration TokenFollower::UntilWithdrawal() const {
  return withdraw_at_.has_value() ? *withdraw_at_ - clock_.Now() : absl::InfiniteDuration();
}

// Once for each time of trouble; that a stream ends now and then, as when a connection has come of
// age, is none.
void TokenFollower::Tell(const RpcError& error, const std::string& address) {
  const int worth_telling = heard_ever_ ? 2 : 1;
  if (failures_ == worth_telling && !std::exchange(told_, true)) {
    PrintNote(StrCat("no word from the broker, trying again: ", Describe(error, address)));
  }
}

}  // namespace credential_broker::cli
