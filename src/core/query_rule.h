#ifndef CREDENTIAL_BROKER_CORE_QUERY_RULE_H_
#define CREDENTIAL_BROKER_CORE_QUERY_RULE_H_

#include <optional>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "core/credential.h"
#include "core/credential_snapshot.h"
#include "core/refresh_machine.h"

namespace credential_broker {

// Whether `token` is what `query` asks for: usable, not the rejected one, and with enough life
// left.
bool Satisfies(const Token& token, const TokenQuery& query, BootTime now);

struct QueryDecision {
  // None: the call waits.
  std::optional<absl::StatusOr<TokenPtr>> answer;
  // What the refresh machine must be told for the wait to end, where it does not know yet.
  std::optional<RefreshEvent> request;
};

// The waiting rule: a call waits only while an attempt that can answer it is in flight or due
// before its give_up_at; else it is answered now, with the time of the next attempt as retry delay.
// Pure.
QueryDecision Decide(const CredentialSnapshot& snapshot, const TokenQuery& query, BootTime now);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_QUERY_RULE_H_
