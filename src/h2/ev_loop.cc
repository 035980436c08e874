#include "h2/ev_loop.h"

#include <ctime>

#include <algorithm>
#include <utility>

namespace credential_broker::h2 {
namespace {

// libev counts in doubles; some decades are far enough.
constexpr double kLongest = 1e9;

class EvTimer final : public Timer {
 public:
  EvTimer(struct ev_loop* loop, double after, absl::AnyInvocable<void() &&> task)
      : loop_(loop), task_(std::move(task)) {
    ev_timer_init(&timer_, &EvTimer::OnTimeout, after, 0.);
    timer_.data = this;
    ev_timer_start(loop_, &timer_);
  }
  EvTimer(const EvTimer&) = delete;
  EvTimer& operator=(const EvTimer&) = delete;
  ~EvTimer() override { ev_timer_stop(loop_, &timer_); }

 private:
  static void OnTimeout(struct ev_loop*, ev_timer* timer, int) {
    // The task may destroy the timer that runs it.
    auto task = std::move(static_cast<EvTimer*>(timer->data)->task_);
    std::move(task)();
  }

  struct ev_loop* loop_;
  ev_timer timer_;
  absl::AnyInvocable<void() &&> task_;
};

}  // namespace

double MonotonicSeconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::shared_ptr<EvLoop> EvLoop::Create() {
  struct ev_loop* loop =
      ev_loop_new(static_cast<unsigned>(EVBACKEND_EPOLL) | static_cast<unsigned>(EVFLAG_NOENV));
  return loop == nullptr ? nullptr : std::make_shared<EvLoop>(Token(), loop);
}

EvLoop::EvLoop(Token, struct ev_loop* loop) : loop_(loop), now_(MonotonicSeconds()) {
  ev_set_userdata(loop_, this);
  ev_async_init(&wake_, [](struct ev_loop* l, ev_async*, int) {
    static_cast<EvLoop*>(ev_userdata(l))->RunTasks();
  });
  ev_async_start(loop_, &wake_);
  ev_prepare_init(&before_sleep_, [](struct ev_loop* l, ev_prepare*, int) {
    static_cast<EvLoop*>(ev_userdata(l))->EndBatch();
  });
  ev_prepare_start(loop_, &before_sleep_);
  ev_check_init(&after_sleep_, [](struct ev_loop* l, ev_check*, int) {
    static_cast<EvLoop*>(ev_userdata(l))->now_ = MonotonicSeconds();
  });
  // Before the watchers of the batch, which read the time.
  ev_set_priority(&after_sleep_, EV_MAXPRI);
  ev_check_start(loop_, &after_sleep_);
  ev_idle_init(&no_sleep_, [](struct ev_loop*, ev_idle*, int) {});
}

EvLoop::~EvLoop() { ev_loop_destroy(loop_); }

void EvLoop::Post(absl::AnyInvocable<void() &&> task) {
  {
    MutexLock lock(mutex_);
    if (!refusing_) {
      tasks_.push_back(std::move(task));
      if (tasks_.size() == 1) {
        ev_async_send(loop_, &wake_);
      }
      return;
    }
  }
}

std::unique_ptr<Timer> EvLoop::RunAfter(absl::Duration delay, absl::AnyInvocable<void() &&> task) {
  // libev counts from the start of the batch: a long batch would make timers early.
  double after = std::max(0.0, absl::ToDoubleSeconds(delay)) + (MonotonicSeconds() - now_);
  return std::make_unique<EvTimer>(loop_, std::min(after, kLongest), std::move(task));
}

void EvLoop::Run() { ev_run(loop_, 0); }

void EvLoop::Break() { ev_break(loop_, EVBREAK_ALL); }

void EvLoop::RefuseTasks() {
  std::vector<absl::AnyInvocable<void() &&>> refused;
  {
    MutexLock lock(mutex_);
    refusing_ = true;
    refused.swap(tasks_);
  }
}

void EvLoop::RunTasks() {
  {
    MutexLock lock(mutex_);
    running_.swap(tasks_);
  }
  for (auto& task : running_) {
    std::move(task)();
  }
  running_.clear();
}

void EvLoop::EndBatch() {
  if (batch_end_ != nullptr && batch_end_()) {
    ev_idle_start(loop_, &no_sleep_);
  } else {
    ev_idle_stop(loop_, &no_sleep_);
  }
}

}  // namespace credential_broker::h2
