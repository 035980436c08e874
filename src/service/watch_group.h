#ifndef CREDENTIAL_BROKER_SERVICE_WATCH_GROUP_H_
#define CREDENTIAL_BROKER_SERVICE_WATCH_GROUP_H_

#include <atomic>
#include <cstddef>
#include <memory>

#include "base/executor.h"
#include "base/intrusive_list.h"
#include "google/rpc/status.pb.h"
#include "service/watch_feed.h"

namespace credential_broker::service {

class WatchStream;

// The streams of one credential on one event loop. What is posted to it is one task for all of
// them.
class WatchGroup : public std::enable_shared_from_this<WatchGroup> {
 public:
  WatchGroup(std::shared_ptr<WatchFeed> feed, std::shared_ptr<Executor> loop);
  WatchGroup(const WatchGroup&) = delete;
  WatchGroup& operator=(const WatchGroup&) = delete;
  ~WatchGroup();

  // Thread-safe.

  // Has each stream send the latest state. While that waits for its turn, it is posted no second
  // time.
  void PostSend();
  // Ends the streams that may be no more, and has the feed follow the credential that is in force.
  void PostRecheck();
  void PostEnd(google::rpc::Status status);
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }
  const Executor& loop() const { return *loop_; }

  // On the loop's thread.

  void Add(WatchStream& stream);
  void Remove(WatchStream& stream);
  WatchFeed& feed() { return *feed_; }

 private:
  void Send();
  void Recheck();
  template <typename Function>
  void ForEach(Function function);

  const std::shared_ptr<WatchFeed> feed_;
  const std::shared_ptr<Executor> loop_;
  std::atomic<bool> send_posted_ = false;
  std::atomic<std::size_t> size_ = 0;
  IntrusiveList<WatchStream, WatchGroup> streams_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_WATCH_GROUP_H_
