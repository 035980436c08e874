#include "core/runner_inbox.h"

#include <utility>

namespace credential_broker {

void RunnerInbox::Begin() {
  MutexLock lock(mutex_);
  begun_ = true;
  rung_.notify_one();
}

bool RunnerInbox::AwaitBegin() {
  MutexLock lock(mutex_);
  while (!begun_ && !mail_.stop) {
    clock_.WaitUntil(mutex_, rung_, BootTime::InfiniteFuture());
  }
  return begun_;
}

void RunnerInbox::Stop() {
  MutexLock lock(mutex_);
  mail_.stop = true;
  ringing_ = true;
  // Also a thread that has not begun, and so has not heard an earlier ring.
  rung_.notify_one();
}

void RunnerInbox::Reconfigure(Upkeep upkeep) {
  MutexLock lock(mutex_);
  mail_.upkeep = std::move(upkeep);
  Ring();
}

void RunnerInbox::KeyChanged() {
  MutexLock lock(mutex_);
  mail_.key_changed = true;
  Ring();
}

void RunnerInbox::AttemptEnded(AttemptResult result) {
  MutexLock lock(mutex_);
  mail_.result = std::move(result);
  Ring();
}

void RunnerInbox::Wake() {
  MutexLock lock(mutex_);
  Ring();
}

RunnerInbox::Mail RunnerInbox::Take(BootTime deadline) {
  MutexLock lock(mutex_);
  if (!ringing_) {
    clock_.WaitUntil(mutex_, rung_, deadline);
  }
  ringing_ = false;
  return std::exchange(mail_, Mail{});
}

// A thread that has been woken and has not looked yet is not woken again: ten thousand calls that
// come at once cost few wake-ups.
void RunnerInbox::Ring() {
  if (!std::exchange(ringing_, true)) {
    rung_.notify_one();
  }
}

}  // namespace credential_broker
