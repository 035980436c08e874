#include "observe/credential_log.h"

#include <vector>

#include "observe/failure_kind.h"

namespace credential_broker::observe {
namespace {

// A refused or missing key needs a person; all else mends itself.
LogLevel LevelOf(FailureKind kind) {
  const bool needs_a_person = kind == FailureKind::kUnauthorized || kind == FailureKind::kNoKey;
  return needs_a_person ? LogLevel::kError : LogLevel::kWarn;
}

LogLevel LevelOf(CredentialState state) {
  switch (state) {
    case CredentialState::kPending:
    case CredentialState::kReady:
      return LogLevel::kInfo;
    case CredentialState::kDegraded:
    case CredentialState::kUnavailable:
      return LogLevel::kWarn;
    case CredentialState::kRejected:
      return LogLevel::kError;
  }
  return LogLevel::kWarn;
}

}  // namespace

void CredentialLog::OnTokenObtained(std::string_view credential, std::string_view operation,
                                    const Token& token, absl::Duration took) {
  log_.Info("token_obtained", {{"credential", credential},
                               {"operation", operation},
                               {"version", token.version},
                               {"lifetime_seconds", token.lifetime},
                               {"expire_time", token.expire_time},
                               {"refresh_time", token.refresh_time},
                               {"took_seconds", took}});
}

void CredentialLog::OnUpstreamFailed(std::string_view credential, std::string_view operation,
                                     const AttemptFailure& failure, absl::Duration took,
                                     absl::Duration retry_in) {
  if (failure.kind == FailureKind::kCancelled) {
    return;  // the broker stops: nothing failed
  }
  std::vector<Field> fields = {{"credential", credential},
                               {"operation", operation},
                               {"kind", FailureKindName(failure.kind)},
                               {"reason", failure.message}};
  if (failure.http_status != 0) {
    fields.emplace_back("http_status", failure.http_status);
  }
  if (!failure.request_id.empty()) {
    fields.emplace_back("request_id", failure.request_id);
  }
  fields.emplace_back("took_seconds", took);
  fields.emplace_back("retry_in_seconds", retry_in);
  log_.Log(LevelOf(failure.kind), "upstream_failed", fields);
}

void CredentialLog::OnStateChanged(std::string_view credential, CredentialState state) {
  const Field fields[] = {{"credential", credential}, {"state", CredentialStateName(state)}};
  log_.Log(LevelOf(state), "credential_state", fields);
}

}  // namespace credential_broker::observe
