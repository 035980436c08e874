#ifndef CREDENTIAL_BROKER_CLI_CALL_RECORDER_H_
#define CREDENTIAL_BROKER_CLI_CALL_RECORDER_H_

#include <optional>

#include "observe/call_metrics.h"
#include "rpc/call_observer.h"
#include "rpc/router.h"

namespace credential_broker::cli {

// Counts the calls of one router. Thread-safe once it knows the methods.
class CallRecorder : public rpc::CallObserver {
 public:
  // Once, when `router` has all its methods, and before the first call.
  void LearnMethods(const rpc::Router& router);

  void OnStarted(const rpc::Method& method) override { metrics_->OnStarted(method.index); }
  void OnFinished(const rpc::Method& method, absl::StatusCode code, absl::Duration took) override {
    metrics_->OnFinished(method.index, code, took);
  }

  const observe::CallMetrics& metrics() const { return *metrics_; }

 private:
  std::optional<observe::CallMetrics> metrics_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_CALL_RECORDER_H_
