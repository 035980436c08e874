#include "conformance/paced_call.h"

#include <chrono>
#include <optional>

namespace credential_broker {

DelayThread::DelayThread() : thread_([this] { Run(); }) {}

DelayThread::~DelayThread() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void DelayThread::RunAfter(absl::Duration delay, std::shared_ptr<rpc::CallRef> call,
                           std::function<void(rpc::Call&)> task) {
  {
    MutexLock lock(mutex_);
    queue_.emplace(std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(delay),
                   Delayed{std::move(call), std::move(task)});
  }
  changed_.notify_all();
}

void DelayThread::Run() {
  while (true) {
    std::optional<Delayed> due;
    {
      MutexLock lock(mutex_);
      if (stopped_) {
        return;
      }
      if (queue_.empty()) {
        changed_.wait(mutex_);
      } else if (const auto when = queue_.begin()->first; when > std::chrono::steady_clock::now()) {
        changed_.wait_until(mutex_, when);
      } else {
        due = std::move(queue_.begin()->second);
        queue_.erase(queue_.begin());
      }
    }
    if (due) {
      due->call->Post(std::move(due->task));
    }
  }
}

void PacedCall::Then(absl::Duration delay, Step step) {
  left_.emplace_back(delay, std::move(step));
  Advance();
}

void PacedCall::Advance() {
  while (!waiting_ && !left_.empty()) {
    auto [delay, step] = std::move(left_.front());
    left_.pop_front();
    if (delay <= absl::ZeroDuration()) {
      step(call_);
      continue;
    }
    waiting_ = true;
    delays_.RunAfter(delay, call_.Ref(), [this, run = std::move(step)](rpc::Call& call) {
      waiting_ = false;
      run(call);
      Advance();
    });
  }
}

}  // namespace credential_broker
