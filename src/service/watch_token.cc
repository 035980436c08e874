#include "service/watch_token.h"

#include "core/reason.h"
#include "service/error_status.h"
#include "service/watch_stream.h"

namespace credential_broker::service {
namespace {

absl::Status ShuttingDown() {
  return MakeError(Reason::kShuttingDown, "the broker is shutting down; watch another, or again",
                   absl::Seconds(1));
}

}  // namespace

rpc::HandlerFactory WatchToken::Factory() {
  return [this](rpc::Call& call) { return std::make_unique<WatchStream>(call, *this); };
}

void WatchToken::RecheckPermissions() {
  for (const auto& group : Groups()) {
    group->PostRecheck();
  }
}

void WatchToken::Shutdown() {
  {
    MutexLock lock(mutex_);
    shut_down_ = true;
  }
  const google::rpc::Status status = ToRpcStatus(ShuttingDown());
  for (const auto& group : Groups()) {
    group->PostEnd(status);
  }
}

std::map<std::string, std::size_t> WatchToken::StreamCounts() const {
  std::map<std::string, std::size_t> counts;
  MutexLock lock(mutex_);
  for (const auto& [name, feed] : feeds_) {
    std::size_t& count = counts[name];
    for (const auto& group : feed->groups()) {
      count += group->size();
    }
  }
  return counts;
}

absl::StatusOr<std::shared_ptr<WatchGroup>> WatchToken::Join(WatchStream& stream,
                                                             const std::shared_ptr<Executor>& loop,
                                                             const std::string& credential) {
  MutexLock lock(mutex_);
  if (shut_down_) {
    return ShuttingDown();
  }
  std::shared_ptr<WatchFeed>& feed = feeds_[credential];
  if (feed == nullptr) {
    feed = std::make_shared<WatchFeed>(credential, gatekeeper_, clock_);
  }
  std::shared_ptr<WatchGroup> group = feed->GroupOn(loop);
  group->Add(stream);
  return group;
}

void WatchToken::Leave(WatchStream& stream, WatchGroup& group) {
  group.Remove(stream);
  if (group.size() > 0) {
    return;
  }
  MutexLock lock(mutex_);
  const auto feed = feeds_.find(group.feed().name());
  if (feed != feeds_.end() && feed->second->Remove(group)) {
    feeds_.erase(feed);
  }
}

std::vector<std::shared_ptr<WatchGroup>> WatchToken::Groups() const {
  std::vector<std::shared_ptr<WatchGroup>> all;
  MutexLock lock(mutex_);
  for (const auto& [name, feed] : feeds_) {
    const auto groups = feed->groups();
    all.insert(all.end(), groups.begin(), groups.end());
  }
  return all;
}

}  // namespace credential_broker::service
