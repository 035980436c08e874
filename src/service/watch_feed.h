#ifndef CREDENTIAL_BROKER_SERVICE_WATCH_FEED_H_
#define CREDENTIAL_BROKER_SERVICE_WATCH_FEED_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "core/credential.h"
#include "service/caller.h"
#include "service/watch_message.h"

namespace credential_broker::service {

class WatchGroup;

// What the streams of one credential are fed with: its latest state, serialized once however many
// streams it goes to, and one wake-up for each event loop that has some.
//
//   credential's thread: change -> feed -> a task for each loop's group -> its streams
//
// It does not keep its credential alive: a credential ends by joining its thread, which must not
// happen on that thread.
//
// Thread-safe. Feed and groups hold each other until the group is removed.
class WatchFeed : public std::enable_shared_from_this<WatchFeed> {
 public:
  // All that it is made of outlives its streams.
  WatchFeed(std::string name, const Gatekeeper& gatekeeper, const Clock& clock)
      : name_(std::move(name)), gatekeeper_(gatekeeper), clock_(clock) {}
  WatchFeed(const WatchFeed&) = delete;
  WatchFeed& operator=(const WatchFeed&) = delete;

  // Follows the credential that has the name now; if that is another one than before, the streams
  // are told. Where there is none, nothing is fed any more.
  void Follow();

  // The state as it stands now; null where the credential is gone.
  std::shared_ptr<const WatchMessage> Latest();

  // The group of the streams on `loop`, made where there is none.
  std::shared_ptr<WatchGroup> GroupOn(const std::shared_ptr<Executor>& loop);
  // True: no group is left.
  bool Remove(const WatchGroup& group);
  std::vector<std::shared_ptr<WatchGroup>> groups() const;

  const std::string& name() const { return name_; }
  const Gatekeeper& gatekeeper() const { return gatekeeper_; }

 private:
  void OnChange();

  const std::string name_;
  const Gatekeeper& gatekeeper_;
  const Clock& clock_;

  mutable Mutex mutex_;
  std::weak_ptr<Credential> credential_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<CredentialWatch> watch_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const WatchMessage> latest_ ABSL_GUARDED_BY(mutex_);  // null: changed since
  std::vector<std::shared_ptr<WatchGroup>> groups_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_WATCH_FEED_H_
