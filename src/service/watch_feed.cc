#include "service/watch_feed.h"

#include <algorithm>
#include <utility>

#include "service/watch_group.h"

namespace credential_broker::service {

void WatchFeed::Follow() {
  // References to credentials are let go of after the lock: one may be the last, and then its
  // thread is joined, which may be waiting for the lock.
  CurrentCredentials::SetPtr set;
  std::shared_ptr<Credential> before;
  std::shared_ptr<Credential> now;
  {
    MutexLock lock(mutex_);
    // Read under the lock, so that of two who follow at once the later one has the newer set.
    set = gatekeeper_.credentials();
    now = set->Find(name_);
    before = credential_.lock();
    if (now == before && now != nullptr) {
      return;
    }
    const bool was_followed = watch_ != nullptr;
    credential_ = now;
    latest_.reset();
    watch_.reset();
    if (now != nullptr) {
      watch_ = now->Watch([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
          self->OnChange();
        }
      });
    }
    if (!was_followed) {
      return;
    }
  }
  OnChange();
}

std::shared_ptr<const WatchMessage> WatchFeed::Latest() {
  std::shared_ptr<Credential> credential;  // outlives the lock, as above
  MutexLock lock(mutex_);
  const BootTime now = clock_.Now();
  if (latest_ == nullptr || !latest_->FreshAt(now)) {
    credential = credential_.lock();
    latest_ = credential == nullptr ? nullptr
                                    : std::make_shared<const WatchMessage>(
                                          MakeWatchMessage(credential->View(), now, clock_));
  }
  return latest_;
}

std::shared_ptr<WatchGroup> WatchFeed::GroupOn(const std::shared_ptr<Executor>& loop) {
  MutexLock lock(mutex_);
  const auto found = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const auto& group) { return &group->loop() == loop.get(); });
  if (found != groups_.end()) {
    return *found;
  }
  groups_.push_back(std::make_shared<WatchGroup>(shared_from_this(), loop));
  return groups_.back();
}

bool WatchFeed::Remove(const WatchGroup& group) {
  MutexLock lock(mutex_);
  const auto found = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const auto& one) { return one.get() == &group; });
  if (found != groups_.end()) {
    groups_.erase(found);
  }
  return groups_.empty();
}

std::vector<std::shared_ptr<WatchGroup>> WatchFeed::groups() const {
  MutexLock lock(mutex_);
  return groups_;
}

void WatchFeed::OnChange() {
  std::shared_ptr<const WatchMessage> old;  // may be wiped, so outside the lock
  std::vector<std::shared_ptr<WatchGroup>> groups;
  {
    MutexLock lock(mutex_);
    latest_.swap(old);
    groups = groups_;
  }
  for (const auto& group : groups) {
    group->PostSend();
  }
}

}  // namespace credential_broker::service
