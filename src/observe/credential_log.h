#ifndef CREDENTIAL_BROKER_OBSERVE_CREDENTIAL_LOG_H_
#define CREDENTIAL_BROKER_OBSERVE_CREDENTIAL_LOG_H_

#include <string_view>

#include "core/credential_runner.h"
#include "observe/log.h"

namespace credential_broker::observe {

// Writes what happens to credentials into the log: events `token_obtained`, `upstream_failed` and
// `credential_state`. A token appears as its version only. Thread-safe.
class CredentialLog : public CredentialObserver {
 public:
  // `log` outlives this object.
  explicit CredentialLog(Logger& log) : log_(log) {}

  void OnTokenObtained(std::string_view credential, std::string_view operation, const Token& token,
                       absl::Duration took) override;
  void OnUpstreamFailed(std::string_view credential, std::string_view operation,
                        const AttemptFailure& failure, absl::Duration took,
                        absl::Duration retry_in) override;
  void OnStateChanged(std::string_view credential, CredentialState state) override;

 private:
  Logger& log_;
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_CREDENTIAL_LOG_H_
