#ifndef CREDENTIAL_BROKER_CLI_TICKER_H_
#define CREDENTIAL_BROKER_CLI_TICKER_H_

#include <condition_variable>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace credential_broker::cli {

// Calls a function every so often, on a thread of its own, and a last time at the end.
class Ticker {
 public:
  // `clock` outlives the ticker. `task` must not block for long.
  Ticker(const Clock& clock, absl::Duration period, std::function<void()> task)
      : clock_(clock), period_(period), task_(std::move(task)) {}
  ~Ticker() { Stop(); }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // RESOURCE_EXHAUSTED: no thread can be had. Once.
  absl::Status Start();

  // Idempotent.
  void Stop();

 private:
  void Run();

  const Clock& clock_;
  const absl::Duration period_;
  const std::function<void()> task_;
  Mutex mutex_;
  std::condition_variable_any stopped_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_TICKER_H_
