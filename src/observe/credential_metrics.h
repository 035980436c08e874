#ifndef CREDENTIAL_BROKER_OBSERVE_CREDENTIAL_METRICS_H_
#define CREDENTIAL_BROKER_OBSERVE_CREDENTIAL_METRICS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "core/credential_runner.h"
#include "core/credential_state.h"
#include "observe/metric_writer.h"

namespace credential_broker::observe {

// A failed attempt, for people.
struct UpstreamFailure {
  absl::Time time;
  std::string operation;  // "login" or "refresh"
  std::string kind;       // FailureKindName
  std::string message;    // no secret
};

// The latest of a credential's attempts, newest last.
struct UpstreamHistory {
  std::deque<absl::Duration> took;
  std::deque<UpstreamFailure> failures;
};

// Counts the logins and refreshes of each credential, and keeps the latest of them. A credential
// that is removed keeps its share of the durations only, which all credentials have in common.
// Thread-safe.
class CredentialMetrics : public CredentialObserver {
 public:
  static constexpr std::size_t kMostDurations = 64;
  static constexpr std::size_t kMostFailures = 5;

  // `clock` outlives this object.
  explicit CredentialMetrics(const Clock& clock) : clock_(clock) {}

  void OnTokenObtained(std::string_view credential, std::string_view operation, const Token& token,
                       absl::Duration took) override;
  void OnUpstreamFailed(std::string_view credential, std::string_view operation,
                        const AttemptFailure& failure, absl::Duration took,
                        absl::Duration retry_in) override;
  void OnStateChanged(std::string_view /*credential*/, CredentialState /*state*/) override {}
  // Drops what is known of a credential that is gone.
  void OnRemoved(std::string_view credential);

  // Writes credential_broker_upstream_requests_total of these credentials and
  // credential_broker_upstream_request_duration_seconds, every result from the start: a series
  // that appears with its first failure would show no increase.
  void Write(const std::vector<CredentialStatus>& credentials, MetricWriter& writer) const;

  UpstreamHistory HistoryOf(std::string_view credential) const;

 private:
  static constexpr std::size_t kBounds = 9;
  struct Durations {
    std::array<std::uint64_t, kBounds + 1> counts{};
    double sum = 0;
  };
  static constexpr std::size_t kOperations = 2;
  static constexpr std::size_t kResults = 8;  // success, and each FailureKind but kCancelled
  template <typename T>
  using ByOutcome = std::array<std::array<T, kResults>, kOperations>;
  struct OfCredential {
    ByOutcome<std::uint64_t> counts{};
    UpstreamHistory history;
  };

  void Count(OfCredential& of_credential, std::string_view operation, std::size_t result,
             absl::Duration took) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  OfCredential& Of(std::string_view credential) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<std::string, OfCredential, std::less<>> credentials_ ABSL_GUARDED_BY(mutex_);
  ByOutcome<Durations> durations_ ABSL_GUARDED_BY(mutex_);
};

// credential_broker_credential_state and the two timestamps of the tokens.
void WriteCredentialStates(const std::vector<CredentialStatus>& credentials, MetricWriter& writer);

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_CREDENTIAL_METRICS_H_
