#include "service/caller.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "core/reason.h"
#include "identity/bearer_token.h"
#include "identity/caller_tokens.h"
#include "identity/principal.h"
#include "identity/quota_key.h"

namespace credential_broker::service {
namespace {

constexpr std::string_view kDefaultCredential = "default";
constexpr std::size_t kMaxNameLength = 63;
constexpr std::string_view kAuthorization = "authorization";
// RetryInfo tells milliseconds; rounded down it would send the caller back too early.
constexpr absl::Duration kRetryStep = absl::Milliseconds(1);
// Until some of the streams of a principal may have ended.
constexpr absl::Duration kStreamRetryDelay = absl::Seconds(5);

bool IsCredentialName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

bool HasTwo(const rpc::Metadata& metadata, std::string_view name) {
  return std::count_if(metadata.begin(), metadata.end(),
                       [name](const auto& entry) { return entry.name == name; }) > 1;
}

Reason ReasonOf(const absl::Status& status) {
  const std::optional<ErrorDetails> details = DetailsOf(status);
  return details.has_value() ? details->reason : Reason::kCallerUnauthenticated;
}

// Returns the principal of the certificate or the unix socket that a refused token came over, so
// that the audit log names who tries tokens; empty where the connection has none.
std::string PrincipalOfConnection(const rpc::Call& call) {
  const Peer& peer = call.peer();
  if (!peer.has_certificate && !peer.unix_uid.has_value()) {
    return "";
  }
  return identity::PrincipalOf(peer).value_or("");
}

absl::StatusOr<std::string> PrincipalIn(const identity::CallerVerdict& verdict) {
  if (!verdict.ok()) {
    return verdict.status();
  }
  return verdict->principal;
}

}  // namespace

absl::Status CallsTooOften(std::string_view principal, absl::Duration wait) {
  return MakeError(Reason::kCallerRateLimited,
                   StrCat("principal '", principal,
                          "' exceeds its rate limit; keep a token until it is about to expire, and "
                          "ask again after the delay"),
                   absl::Ceil(wait, kRetryStep));
}

absl::Status HasTooManyStreams(std::string_view principal) {
  return MakeError(Reason::kCallerRateLimited,
                   StrCat("principal '", principal,
                          "' has reached the maximum number of open streams "
                          "(server.max_streams_per_principal); close some, or ask again after the "
                          "delay"),
                   kStreamRetryDelay);
}

absl::StatusOr<std::string> CredentialNameOf(std::string_view in_request) {
  const std::string_view name = in_request.empty() ? kDefaultCredential : in_request;
  if (!IsCredentialName(name)) {
    return MakeError(Reason::kInvalidRequest,
                     "credential is not a name: 1 to 63 characters of a-z, 0-9 and '-'");
  }
  return std::string(name);
}

// A call that waits for its principal, and then keeps what the call does with it. The callback of
// the review, which runs on another thread, and the task that it posts name it by a weak reference:
// the call may replace or destroy it in between.
class Gatekeeper::Waiting final : public rpc::PendingWork {
 public:
  struct State {
    std::unique_ptr<identity::PendingCaller> caller;
    std::unique_ptr<rpc::PendingWork> then;
  };

  std::weak_ptr<State> state() const { return state_; }
  void WaitFor(std::unique_ptr<identity::PendingCaller> caller) {
    state_->caller = std::move(caller);
  }

 private:
  const std::shared_ptr<State> state_ = std::make_shared<State>();  // the only lasting reference
};

std::optional<absl::StatusOr<std::string>> Gatekeeper::TryAuthenticate(
    const rpc::Call& call) const {
  std::optional<absl::StatusOr<std::string>> principal = TryIdentify(call);
  if (!principal.has_value()) {
    return std::nullopt;
  }
  return Judge(call, *std::move(principal));
}

std::optional<absl::StatusOr<std::string>> Gatekeeper::TryIdentify(const rpc::Call& call) const {
  const std::optional<std::string_view> authorization = call.metadata(kAuthorization);
  if (!authorization.has_value()) {
    return identity::PrincipalOf(call.peer());
  }
  if (checks_.tokens == nullptr) {
    return MakeError(
        Reason::kCallerUnauthenticated,
        "this broker accepts no bearer tokens; send no authorization metadata, or have "
        "its operator configure kubernetes_callers");
  }
  // Which of two would count is nothing to guess: what stands before us may take the other.
  if (HasTwo(call.metadata(), kAuthorization)) {
    return MakeError(Reason::kCallerUnauthenticated,
                     "there are two authorization metadata; send one");
  }
  const absl::StatusOr<std::string_view> token = identity::BearerTokenIn(*authorization);
  if (!token.ok()) {
    return token.status();
  }
  const std::optional<identity::CallerVerdict> verdict = checks_.tokens->TryIdentify(*token);
  return verdict.has_value() ? std::optional(PrincipalIn(*verdict)) : std::nullopt;
}

absl::StatusOr<std::string> Gatekeeper::Judge(const rpc::Call& call,
                                              absl::StatusOr<std::string> principal) const {
  if (!principal.ok()) {
    audit_.CallerDenied(PrincipalOfConnection(call), call.peer().address, "",
                        ReasonOf(principal.status()));
    return principal;
  }
  if (checks_.rate == nullptr) {
    return principal;
  }
  const absl::Duration wait = checks_.rate->Take(*principal);
  if (wait > absl::ZeroDuration()) {
    audit_.CallerDenied(*principal, call.peer().address, "", Reason::kCallerRateLimited);
    return CallsTooOften(*principal, wait);
  }
  return principal;
}

std::unique_ptr<rpc::PendingWork> Gatekeeper::Authenticate(rpc::Call& call, NextStep next) const {
  if (std::optional<absl::StatusOr<std::string>> known = TryAuthenticate(call)) {
    return std::move(next)(call, *std::move(known));
  }
  // The token, then, is one and well formed.
  const std::string_view token = *identity::BearerTokenIn(*call.metadata(kAuthorization));
  auto waiting = std::make_unique<Waiting>();
  auto done = [this, ref = call.Ref(), state = waiting->state(),
               next = std::move(next)](const identity::CallerVerdict& verdict) mutable {
    ref->Post([this, state = std::move(state), next = std::move(next),
               principal = PrincipalIn(verdict)](rpc::Call& waited) mutable {
      const std::shared_ptr<Waiting::State> alive = state.lock();
      if (alive == nullptr) {
        return;
      }
      // A stream lives long: the review is not kept with it.
      alive->caller = nullptr;
      alive->then = std::move(next)(waited, Judge(waited, std::move(principal)));
    });
  };
  waiting->WaitFor(checks_.tokens->Identify(token, call.peer().counted_as, std::move(done)));
  return waiting;
}

identity::CallerTokens* Gatekeeper::TokensOf(const rpc::Call& call) const {
  return call.metadata(kAuthorization).has_value() ? checks_.tokens : nullptr;
}

absl::StatusOr<std::shared_ptr<Credential>> Gatekeeper::Authorize(std::string_view principal,
                                                                  std::string_view peer_address,
                                                                  std::string_view name) const {
  const CurrentCredentials::SetPtr credentials = credentials_.Get();
  if (!credentials->policy().Allows(principal, name)) {
    audit_.CallerDenied(principal, peer_address, name, Reason::kCallerNotAllowed);
    return MakeError(Reason::kCallerNotAllowed,
                     StrCat("principal '", principal, "' may not use credential '", name,
                            "'; its operator can change the credential's allow and deny rules"));
  }
  std::shared_ptr<Credential> credential = credentials->Find(name);
  if (credential == nullptr) {
    return MakeError(Reason::kCredentialNotFound,
                     StrCat("no credential is named '", name, "'; ListCredentials names them"));
  }
  return credential;
}

absl::StatusOr<KeyedPermits::Permit> Gatekeeper::AdmitStream(const rpc::Call& call,
                                                             std::string_view principal) const {
  if (checks_.streams == nullptr || identity::IsAnonymous(principal)) {
    return KeyedPermits::Permit();
  }
  KeyedPermits::Permit permit = checks_.streams->TryAcquire(principal);
  if (!permit) {
    audit_.CallerDenied(principal, call.peer().address, "", Reason::kCallerRateLimited);
    return HasTooManyStreams(principal);
  }
  return permit;
}

absl::StatusOr<Admission> Gatekeeper::Admit(const rpc::Call& call, std::string principal,
                                            std::string_view name) const {
  absl::StatusOr<std::string> meant = CredentialNameOf(name);
  if (!meant.ok()) {
    return meant.status();
  }
  absl::StatusOr<std::shared_ptr<Credential>> credential =
      Authorize(principal, call.peer().address, *meant);
  if (!credential.ok()) {
    return credential.status();
  }
  return Admission{std::move(principal), *std::move(meant), *std::move(credential)};
}

}  // namespace credential_broker::service
