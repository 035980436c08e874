#include "service/get_token.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/reason.h"
#include "service/access_token.h"
#include "service/error_status.h"
#include "service/token_answers.h"
#include "service/waiting_query.h"

namespace credential_broker::service {
namespace {

// Ours are 26 characters; anything near this was never one.
constexpr std::size_t kMaxVersionLength = 128;

absl::StatusOr<TokenQuery> ParseQuery(const api::GetTokenRequest& request) {
  absl::StatusOr<absl::Duration> min_validity =
      NonNegativeDuration(request.min_validity(), "min_validity");
  if (!min_validity.ok()) {
    return min_validity.status();
  }
  if (request.rejected_version().size() > kMaxVersionLength) {
    return MakeError(Reason::kInvalidRequest,
                     "rejected_version is no version of a token: it is longer than any");
  }
  TokenQuery query;
  query.min_validity = *min_validity;
  query.rejected_version = request.rejected_version();
  return query;
}

}  // namespace

std::unique_ptr<rpc::PendingWork> GetToken::Serve(rpc::Call& call,
                                                  const api::GetTokenRequest& request,
                                                  std::string principal) const {
  absl::StatusOr<Admission> admission =
      gatekeeper_.Admit(call, std::move(principal), request.credential());
  if (!admission.ok()) {
    call.Finish(ToRpcStatus(admission.status()));
    return nullptr;
  }
  absl::StatusOr<TokenQuery> query = ParseQuery(request);
  if (!query.ok()) {
    call.Finish(ToRpcStatus(query.status()));
    return nullptr;
  }
  query->give_up_at = std::min(clock_.Now() + max_wait_, call.deadline());

  // Not part of what waits: a credential whose waiting calls hold it would never end.
  const std::shared_ptr<Credential> credential = std::move(admission->credential);
  if (std::optional<absl::StatusOr<TokenPtr>> known = credential->TryGet(*query)) {
    Answer(call, *admission, *known);
    return nullptr;
  }
  auto on_token = [this, ref = call.Ref(),
                   admitted = *std::move(admission)](absl::StatusOr<TokenPtr> token) mutable {
    ref->Post([this, admitted = std::move(admitted), token = std::move(token)](rpc::Call& waiting) {
      AnswerAfterWait(waiting, admitted, token);
    });
  };
  return std::make_unique<WaitingQuery>(credential->Wait(*std::move(query), std::move(on_token)));
}

void GetToken::AnswerAfterWait(rpc::Call& call, const Admission& admission,
                               const absl::StatusOr<TokenPtr>& token) const {
  // A reload may have withdrawn the permission since the call was admitted.
  if (token.ok()) {
    const auto allowed =
        gatekeeper_.Authorize(admission.principal, call.peer().address, admission.credential_name);
    if (!allowed.ok()) {
      call.Finish(ToRpcStatus(allowed.status()));
      return;
    }
  }
  Answer(call, admission, token);
}

void GetToken::Answer(rpc::Call& call, const Admission& admission,
                      const absl::StatusOr<TokenPtr>& token) const {
  if (!token.ok()) {
    call.Finish(ToRpcStatus(token.status()));
    return;
  }
  // Between the answer and this moment the call may have waited for its loop.
  const BootTime now = clock_.Now();
  if (!(*token)->UsableAt(now)) {
    call.Finish(ToRpcStatus(MakeError(Reason::kTokenNotReady,
                                      "the token expired on its way to the caller; ask again",
                                      absl::Seconds(1))));
    return;
  }
  gatekeeper_.audit().TokenIssued(admission.principal, call.peer().address,
                                  admission.credential_name, (*token)->version);
  static thread_local TokenAnswers answers;
  call.SendFramed(answers.For(*token, now, clock_));
  call.FinishOk();
}

}  // namespace credential_broker::service
