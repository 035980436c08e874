#include "observe/credential_metrics.h"

#include <optional>

#include "core/refresh_machine.h"
#include "observe/failure_kind.h"

namespace credential_broker::observe {
namespace {

// Seconds: up to request_timeout, 5 s unless configured otherwise, and a little over it.
constexpr std::array<double, 9> kUpstreamBoundsInSeconds = {0.025, 0.05, 0.1, 0.25, 0.5,
                                                            1,     2.5,  5,   10};

constexpr std::size_t kLogin = 0;
constexpr std::size_t kRefresh = 1;
constexpr std::size_t kOk = 0;

std::string_view OperationName(std::size_t operation) {
  return UpstreamOperationName(operation == kLogin ? UpstreamOperation::kLogin
                                                   : UpstreamOperation::kRefresh);
}

std::size_t ResultOf(FailureKind kind) { return static_cast<std::size_t>(kind) + 1; }

std::string_view ResultName(std::size_t result) {
  return result == kOk ? "ok" : FailureKindName(static_cast<FailureKind>(result - 1));
}

constexpr CredentialState kStates[] = {CredentialState::kPending, CredentialState::kReady,
                                       CredentialState::kDegraded, CredentialState::kUnavailable,
                                       CredentialState::kRejected};

template <typename T>
void Keep(std::deque<T>& latest, T value, std::size_t most) {
  latest.push_back(std::move(value));
  if (latest.size() > most) {
    latest.pop_front();
  }
}

void WriteTimes(const std::vector<CredentialStatus>& credentials,
                std::optional<absl::Time> CredentialStatus::*time, MetricWriter& writer) {
  for (const CredentialStatus& credential : credentials) {
    if ((credential.*time).has_value()) {
      writer.Sample({{"credential", credential.name}}, *(credential.*time));
    }
  }
}

}  // namespace

void CredentialMetrics::OnTokenObtained(std::string_view credential, std::string_view operation,
                                        const Token& /*token*/, absl::Duration took) {
  const MutexLock lock(mutex_);
  Count(Of(credential), operation, kOk, took);
}

void CredentialMetrics::OnUpstreamFailed(std::string_view credential, std::string_view operation,
                                         const AttemptFailure& failure, absl::Duration took,
                                         absl::Duration /*retry_in*/) {
  if (failure.kind == FailureKind::kCancelled) {
    return;  // the broker stops: nothing failed
  }
  const MutexLock lock(mutex_);
  OfCredential& of_credential = Of(credential);
  Count(of_credential, operation, ResultOf(failure.kind), took);
  Keep(of_credential.history.failures,
       {clock_.WallNow(), std::string(operation), std::string(FailureKindName(failure.kind)),
        failure.message},
       kMostFailures);
}

void CredentialMetrics::OnRemoved(std::string_view credential) {
  const MutexLock lock(mutex_);
  if (auto it = credentials_.find(credential); it != credentials_.end()) {
    credentials_.erase(it);
  }
}

CredentialMetrics::OfCredential& CredentialMetrics::Of(std::string_view credential) {
  return credentials_.try_emplace(std::string(credential)).first->second;
}

void CredentialMetrics::Count(OfCredential& of_credential, std::string_view operation,
                              std::size_t result, absl::Duration took) {
  static_assert(kBounds == kUpstreamBoundsInSeconds.size());
  static_assert(kResults == 1 + static_cast<std::size_t>(FailureKind::kCancelled));
  const std::size_t row = operation == OperationName(kLogin) ? kLogin : kRefresh;
  ++of_credential.counts[row][result];
  Durations& durations = durations_[row][result];
  const double seconds = absl::ToDoubleSeconds(took);
  std::size_t bucket = 0;
  while (bucket < kBounds && seconds > kUpstreamBoundsInSeconds[bucket]) {
    ++bucket;
  }
  ++durations.counts[bucket];
  durations.sum += seconds;
  Keep(of_credential.history.took, took, kMostDurations);
}

void CredentialMetrics::Write(const std::vector<CredentialStatus>& credentials,
                              MetricWriter& writer) const {
  const MutexLock lock(mutex_);
  writer.BeginCounter("credential_broker_upstream_requests_total",
                      "Logins and refreshes at InvestSuite that have ended, by result.");
  const OfCredential none;
  for (const CredentialStatus& credential : credentials) {
    const auto known = credentials_.find(credential.name);
    const OfCredential& of_credential = known == credentials_.end() ? none : known->second;
    for (std::size_t operation = 0; operation < kOperations; ++operation) {
      for (std::size_t result = 0; result < kResults; ++result) {
        writer.Sample({{"credential", credential.name},
                       {"operation", OperationName(operation)},
                       {"result", ResultName(result)}},
                      of_credential.counts[operation][result]);
      }
    }
  }
  writer.BeginHistogram("credential_broker_upstream_request_duration_seconds",
                        "Duration of logins and refreshes at InvestSuite, by result.");
  for (std::size_t operation = 0; operation < kOperations; ++operation) {
    for (std::size_t result = 0; result < kResults; ++result) {
      const Durations& durations = durations_[operation][result];
      writer.Sample({{"operation", OperationName(operation)}, {"result", ResultName(result)}},
                    HistogramCounts{kUpstreamBoundsInSeconds, durations.counts, durations.sum});
    }
  }
}

UpstreamHistory CredentialMetrics::HistoryOf(std::string_view credential) const {
  const MutexLock lock(mutex_);
  const auto it = credentials_.find(credential);
  return it == credentials_.end() ? UpstreamHistory() : it->second.history;
}

void WriteCredentialStates(const std::vector<CredentialStatus>& credentials, MetricWriter& writer) {
  writer.BeginGauge("credential_broker_credential_state",
                    "1 for the state that a credential is in, 0 for the others.");
  for (const CredentialStatus& credential : credentials) {
    for (const CredentialState state : kStates) {
      writer.Sample({{"credential", credential.name}, {"state", CredentialStateName(state)}},
                    std::uint64_t{credential.state == state});
    }
  }
  writer.BeginGauge("credential_broker_token_expiration_timestamp_seconds",
                    "When the token that is served expires; absent where there is none.");
  WriteTimes(credentials, &CredentialStatus::expire_time, writer);
  writer.BeginGauge("credential_broker_token_refresh_timestamp_seconds",
                    "When the next login or refresh is planned; absent while none is.");
  WriteTimes(credentials, &CredentialStatus::next_refresh_time, writer);
}

}  // namespace credential_broker::observe
