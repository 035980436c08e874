#ifndef CREDENTIAL_BROKER_TESTS_SUPPORT_FAKE_CLOCK_H_
#define CREDENTIAL_BROKER_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace credential_broker {

// Time that moves only when a test says so. Boot time and wall time move together in Advance; the
// wall clock alone is set by JumpWall. A thread in WaitUntil is "parked": Advance wakes those whose
// deadline has come, and AwaitParked lets a test wait until a thread has nothing more to do before
// a deadline.
//
// Thread-safe. Objects that wait on it must not be destroyed while another thread is in Advance.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(absl::Time wall = absl::FromUnixSeconds(1'700'000'000)) : wall_(wall) {}

  BootTime Now() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return now_;
  }

  absl::Time WallNow() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return wall_;
  }

  void WaitUntil(Mutex& mutex, std::condition_variable_any& condition,
                 BootTime deadline) const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::list<Sleeper>::iterator self;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (deadline <= now_) {
        return;
      }
      self = sleepers_.insert(sleepers_.end(), Sleeper{&mutex, &condition, deadline, true});
      ++parks_;
      changed_.notify_all();
    }
    condition.wait(mutex);
    std::lock_guard<std::mutex> lock(mutex_);
    sleepers_.erase(self);
  }

  void Advance(absl::Duration by) {
    std::vector<Sleeper> due;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      now_ = now_ + by;
      wall_ += by;
      for (Sleeper& sleeper : sleepers_) {
        if (sleeper.deadline <= now_) {
          sleeper.parked = false;
          due.push_back(sleeper);
        }
      }
    }
    for (const Sleeper& sleeper : due) {
      // The sleeper holds its mutex from before it is listed until it sleeps: once we have it, no
      // wake is lost.
      MutexLock lock(*sleeper.mutex);
      sleeper.condition->notify_all();
    }
  }

  void AdvanceTo(BootTime then) { Advance(then - Now()); }

  void JumpWall(absl::Duration by) {
    std::lock_guard<std::mutex> lock(mutex_);
    wall_ += by;
  }

  // Waits until a thread is parked to exactly `deadline`; false after 30 real seconds. A thread
  // that was notified but has not run yet still counts as parked to its old deadline.
  [[nodiscard]] bool AwaitParked(BootTime deadline) const {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] {
      return std::any_of(sleepers_.begin(), sleepers_.end(), [&](const Sleeper& sleeper) {
        return sleeper.parked && sleeper.deadline == deadline;
      });
    });
  }

  // How often a thread has been parked.
  int parks() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return parks_;
  }

  // Waits until a thread is parked once more than `parks`; false after 30 real seconds. So a test
  // sees that a thread which it has woken has looked, and sleeps again.
  [[nodiscard]] bool AwaitParkAfter(int parks) const {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return parks_ > parks; });
  }

 private:
  struct Sleeper {
    Mutex* mutex;
    std::condition_variable_any* condition;
    BootTime deadline;
    bool parked;  // false once Advance has woken it
  };

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::list<Sleeper> sleepers_;
  mutable int parks_ = 0;
  // Not zero: a machine has been up for a while when the broker starts.
  BootTime now_ = BootTime::FromSinceBoot(absl::Hours(1));
  absl::Time wall_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_SUPPORT_FAKE_CLOCK_H_
