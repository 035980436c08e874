#ifndef CREDENTIAL_BROKER_TESTS_SUPPORT_FAKE_LOOP_H_
#define CREDENTIAL_BROKER_TESTS_SUPPORT_FAKE_LOOP_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/event_loop.h"
#include "base/mutex.h"

namespace credential_broker {

// An event loop that runs what it was given when a test says so, on a time of its own. Post is
// thread-safe; the rest is for the thread of the test.
class FakeLoop : public EventLoop, public Clock {
 public:
  void Post(absl::AnyInvocable<void() &&> task) override {
    MutexLock lock(mutex_);
    if (!refusing_) {
      posted_.push_back(std::move(task));
      ++posts_;
    }
  }

  // As the loop of a worker that has stopped: destroys what was posted and what will be.
  void RefuseTasks() {
    std::vector<absl::AnyInvocable<void() &&>> refused;  // a task may hold the loop
    MutexLock lock(mutex_);
    refusing_ = true;
    refused.swap(posted_);
  }

  std::unique_ptr<Timer> RunAfter(absl::Duration delay,
                                  absl::AnyInvocable<void() &&> task) override {
    ++timers_set_;
    return std::make_unique<FakeTimer>(*this, now_ + delay, std::move(task));
  }

  // How many tasks wait to be run.
  std::size_t posted() const {
    MutexLock lock(mutex_);
    return posted_.size();
  }

  // How many tasks have been posted since the beginning.
  int posts() const {
    MutexLock lock(mutex_);
    return posts_;
  }

  // Runs what has been posted so far.
  void RunPosted() {
    std::vector<absl::AnyInvocable<void() &&>> tasks;
    {
      MutexLock lock(mutex_);
      tasks.swap(posted_);
    }
    for (auto& task : tasks) {
      std::move(task)();
    }
  }

  void Advance(absl::Duration by) {
    now_ = now_ + by;
    const std::vector<FakeTimer*> timers = timers_;
    for (FakeTimer* timer : timers) {
      if (std::find(timers_.begin(), timers_.end(), timer) != timers_.end()) {
        timer->RunIfDue();
      }
    }
  }

  BootTime Now() const override { return now_; }
  absl::Time WallNow() const override { return absl::UnixEpoch(); }

  int timers_set() const { return timers_set_; }
  std::size_t timers_armed() const {
    return static_cast<std::size_t>(std::count_if(
        timers_.begin(), timers_.end(), [](const FakeTimer* timer) { return timer->armed(); }));
  }

 private:
  class FakeTimer : public Timer {
   public:
    FakeTimer(FakeLoop& loop, BootTime due, absl::AnyInvocable<void() &&> task)
        : loop_(loop), due_(due), task_(std::move(task)) {
      loop_.timers_.push_back(this);
    }
    ~FakeTimer() override {
      loop_.timers_.erase(std::find(loop_.timers_.begin(), loop_.timers_.end(), this));
    }
    void RunIfDue() {
      if (task_ && due_ <= loop_.now_) {
        std::exchange(task_, nullptr)();
      }
    }
    bool armed() const { return static_cast<bool>(task_); }

   private:
    FakeLoop& loop_;
    BootTime due_;
    absl::AnyInvocable<void() &&> task_;
  };

  mutable Mutex mutex_;
  std::vector<absl::AnyInvocable<void() &&>> posted_ ABSL_GUARDED_BY(mutex_);
  int posts_ ABSL_GUARDED_BY(mutex_) = 0;
  bool refusing_ ABSL_GUARDED_BY(mutex_) = false;
  BootTime now_ = BootTime::FromSinceBoot(absl::Hours(1));
  std::vector<FakeTimer*> timers_;
  int timers_set_ = 0;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_SUPPORT_FAKE_LOOP_H_
