#include "service/watch_stream.h"

#include <optional>
#include <utility>

#include "core/reason.h"
#include "rpc/status.h"
#include "service/access_token.h"
#include "service/error_status.h"

namespace credential_broker::service {

WatchStream::~WatchStream() {
  if (group_ != nullptr) {
    service_.Leave(*this, *group_);
  }
}

void WatchStream::OnMessage(std::string_view message) {
  api::WatchTokenRequest request;
  if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    End(rpc::MakeStatus(absl::StatusCode::kInternal,
                        "the request is not a " + request.GetTypeName()));
    return;
  }
  authentication_ = service_.gatekeeper().Authenticate(
      call_, [this, name = request.credential()](rpc::Call& /*call*/,
                                                 absl::StatusOr<std::string> principal) {
        Begin(std::move(principal), name);
        return std::unique_ptr<rpc::PendingWork>();
      });
}

void WatchStream::Begin(absl::StatusOr<std::string> principal, std::string_view name) {
  if (!principal.ok()) {
    Fail(principal.status());
    return;
  }
  absl::StatusOr<Admission> admission =
      service_.gatekeeper().Admit(call_, *std::move(principal), name);
  if (!admission.ok()) {
    Fail(admission.status());
    return;
  }
  principal_ = std::move(admission->principal);
  absl::StatusOr<KeyedPermits::Permit> permit =
      service_.gatekeeper().AdmitStream(call_, principal_);
  if (!permit.ok()) {
    Fail(permit.status());
    return;
  }
  permit_ = *std::move(permit);
  absl::StatusOr<std::shared_ptr<WatchGroup>> group =
      service_.Join(*this, call_.executor(), admission->credential_name);
  if (!group.ok()) {
    Fail(group.status());
    return;
  }
  group_ = *std::move(group);
  // Only now: a reload since the admission is either seen here or reaches the group.
  group_->feed().Follow();
  Recheck();
  SendLatest();
  if (identity::CallerTokens* tokens = service_.gatekeeper().TokensOf(call_);
      tokens != nullptr && !ended_) {
    lease_ =
        std::make_unique<BearerLease>(call_, principal_, *tokens, service_.leases(),
                                      [this](const absl::Status& status) { EndLease(status); });
    lease_->Begin();
  }
}

void WatchStream::OnDrained() {
  if (stale_) {
    SendLatest();
  }
}

void WatchStream::Offer(const WatchMessage& message) {
  if (ended_) {
    return;
  }
  // What a client that does not read was to get may be a token that is good no more by the time it
  // does.
  stale_ = call_.unsent_bytes() > 0 && !call_.TakeBack();
  if (stale_) {
    return;
  }
  WatchFeed& feed = group_->feed();
  if (!message.version.empty()) {
    feed.gatekeeper().audit().TokenIssued(principal_, call_.peer().address, feed.name(),
                                          message.version);
  }
  call_.SendFramed(message.framed);
}

void WatchStream::Recheck() {
  if (ended_) {
    return;
  }
  const WatchFeed& feed = group_->feed();
  const auto credential =
      feed.gatekeeper().Authorize(principal_, call_.peer().address, feed.name());
  if (!credential.ok()) {
    Fail(credential.status());
  }
}

void WatchStream::End(const google::rpc::Status& status) {
  if (!std::exchange(ended_, true)) {
    call_.Finish(status);
  }
}

void WatchStream::EndLease(const absl::Status& status) {
  if (ended_) {
    return;
  }
  const std::optional<ErrorDetails> details = DetailsOf(status);
  if (details.has_value()) {
    service_.gatekeeper().audit().CallerDenied(principal_, call_.peer().address,
                                               group_->feed().name(), details->reason);
  }
  Fail(status);
}

void WatchStream::Fail(const absl::Status& status) { End(ToRpcStatus(status)); }

void WatchStream::SendLatest() {
  if (const auto message = group_->feed().Latest()) {
    Offer(*message);
  }
}

}  // namespace credential_broker::service
