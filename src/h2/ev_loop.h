#ifndef CREDENTIAL_BROKER_H2_EV_LOOP_H_
#define CREDENTIAL_BROKER_H2_EV_LOOP_H_

#include <ev.h>

#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/event_loop.h"
#include "base/mutex.h"

namespace credential_broker::h2 {

// EventLoop on libev. All but Post is for the one thread that calls Run (before it runs: for
// whoever made it).
class EvLoop final : public EventLoop {
 public:
  // Null: the system gives no more descriptors.
  static std::shared_ptr<EvLoop> Create();
  ~EvLoop() override;
  EvLoop(const EvLoop&) = delete;
  EvLoop& operator=(const EvLoop&) = delete;

  void Post(absl::AnyInvocable<void() &&> task) override;
  [[nodiscard]] std::unique_ptr<Timer> RunAfter(absl::Duration delay,
                                                absl::AnyInvocable<void() &&> task) override;

  // Called after each batch of events, before the loop sleeps: what it returns true for is called
  // again without sleeping.
  void SetBatchEnd(absl::AnyInvocable<bool()> batch_end) { batch_end_ = std::move(batch_end); }

  void Run();    // until Break
  void Break();  // Run returns after this batch
  // Destroys what was posted and what will be.
  void RefuseTasks();

  // How often it has waited for events, modulo 2^32.
  unsigned turns() const { return ev_iteration(loop_); }
  // Seconds on the monotonic clock, read once a batch.
  double now() const { return now_; }
  struct ev_loop* raw() {
    return loop_;
  }

 private:
  struct Token {};

 public:
  EvLoop(Token, struct ev_loop* loop);

 private:
  void RunTasks();
  void EndBatch();

  struct ev_loop* loop_;
  ev_async wake_;
  ev_prepare before_sleep_;
  ev_check after_sleep_;
  ev_idle no_sleep_;
  double now_;
  absl::AnyInvocable<bool()> batch_end_;
  std::vector<absl::AnyInvocable<void() &&>> running_;

  Mutex mutex_;
  bool refusing_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<absl::AnyInvocable<void() &&>> tasks_ ABSL_GUARDED_BY(mutex_);
};

// Seconds on the monotonic clock, now.
double MonotonicSeconds();

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_EV_LOOP_H_
