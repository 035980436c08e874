#ifndef CREDENTIAL_BROKER_TESTS_CONFORMANCE_PACED_CALL_H_
#define CREDENTIAL_BROKER_TESTS_CONFORMANCE_PACED_CALL_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "rpc/call.h"

namespace credential_broker {

// A thread that runs tasks of calls after a delay: test services answer slowly when they are told
// to.
class DelayThread {
 public:
  DelayThread();
  ~DelayThread();
  DelayThread(const DelayThread&) = delete;
  DelayThread& operator=(const DelayThread&) = delete;

  // Runs `task` on the call's loop, unless the call is over by then. Thread-safe.
  void RunAfter(absl::Duration delay, std::shared_ptr<rpc::CallRef> call,
                std::function<void(rpc::Call&)> task);

 private:
  struct Delayed {
    std::shared_ptr<rpc::CallRef> call;
    std::function<void(rpc::Call&)> task;
  };
  using Queue = std::multimap<std::chrono::steady_clock::time_point, Delayed>;

  void Run();

  Mutex mutex_;
  std::condition_variable_any changed_;
  Queue queue_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// The steps of one call's answer, one after another, each after its delay. A part of the call's
// handler.
class PacedCall {
 public:
  using Step = std::function<void(rpc::Call&)>;

  // Both outlive this.
  PacedCall(rpc::Call& call, DelayThread& delays) : call_(call), delays_(delays) {}
  PacedCall(const PacedCall&) = delete;
  PacedCall& operator=(const PacedCall&) = delete;

  void Then(absl::Duration delay, Step step);

 private:
  void Advance();

  rpc::Call& call_;
  DelayThread& delays_;
  std::deque<std::pair<absl::Duration, Step>> left_;
  bool waiting_ = false;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_CONFORMANCE_PACED_CALL_H_
