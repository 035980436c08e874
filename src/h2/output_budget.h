#ifndef CREDENTIAL_BROKER_H2_OUTPUT_BUDGET_H_
#define CREDENTIAL_BROKER_H2_OUTPUT_BUDGET_H_

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/event_loop.h"
#include "base/mutex.h"

namespace credential_broker::h2 {

// Bounds the memory of all output that the connections of one listener have queued. Where the sum
// exceeds the limit, the connections with the largest queues are chosen until the rest fits. Each
// loop closes those of its connections that were chosen, at the end of its batch of events.
// Thread-safe.
//
// What is counted is memory that a connection has for itself. A shared payload costs each queue a
// pointer, and its bytes exist once.
class OutputBudget : public std::enable_shared_from_this<OutputBudget> {
 public:
  // The connections of one event loop.
  class Loop {
   public:
    explicit Loop(std::shared_ptr<EventLoop> loop) : loop_(std::move(loop)) {}
    // Returns true while a connection of this loop that was chosen still exists.
    bool has_chosen() const { return chosen_.load(std::memory_order_acquire) > 0; }

   private:
    friend class OutputBudget;

    const std::shared_ptr<EventLoop> loop_;
    std::atomic<int> chosen_{0};
  };

 private:
  // A connection with output queued.
  struct Entry {
    explicit Entry(std::shared_ptr<Loop> owner) : loop(std::move(owner)) {}

    const std::shared_ptr<Loop> loop;
    std::atomic<bool> chosen{false};
  };
  // By size: the largest is the last.
  using Queues = std::multimap<std::size_t, std::shared_ptr<Entry>>;

 public:
  // One connection's part of the sum, taken out when it is destroyed. On its loop's thread.
  class Share {
   public:
    Share(std::shared_ptr<OutputBudget> budget, std::shared_ptr<Loop> loop)
        : budget_(std::move(budget)), loop_(std::move(loop)) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share();

    // Free while nothing is queued before and after.
    void Set(std::size_t bytes) {
      if (bytes != bytes_) {
        budget_->Update(*this, bytes);
      }
    }
    // Returns true where the connection must be closed.
    bool chosen() const { return entry_ != nullptr && entry_->chosen; }

   private:
    friend class OutputBudget;

    const std::shared_ptr<OutputBudget> budget_;
    const std::shared_ptr<Loop> loop_;
    std::size_t bytes_ = 0;
    std::shared_ptr<Entry> entry_;  // null: nothing is queued
    Queues::iterator place_;        // valid while there is an entry that was not chosen
  };

  explicit OutputBudget(std::size_t limit) : limit_(limit) {}

  // Returns the sum, without connections that were chosen.
  std::size_t total() const {
    MutexLock lock(mutex_);
    return total_;
  }

 private:
  void Update(Share& share, std::size_t bytes);
  // Sets the share's bytes; false: it was chosen and is not counted.
  bool Count(Share& share, std::size_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::shared_ptr<Loop> ChooseLargest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::size_t limit_;
  mutable Mutex mutex_;
  std::size_t total_ ABSL_GUARDED_BY(mutex_) = 0;
  Queues queues_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_OUTPUT_BUDGET_H_
