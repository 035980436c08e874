#include "service/watch_group.h"

#include <utility>

#include "service/error_status.h"
#include "service/watch_stream.h"

namespace credential_broker::service {

WatchGroup::WatchGroup(std::shared_ptr<WatchFeed> feed, std::shared_ptr<Executor> loop)
    : feed_(std::move(feed)), loop_(std::move(loop)) {}

WatchGroup::~WatchGroup() = default;

void WatchGroup::PostSend() {
  if (!send_posted_.exchange(true)) {
    loop_->Post([self = shared_from_this()] { self->Send(); });
  }
}

void WatchGroup::PostRecheck() {
  loop_->Post([self = shared_from_this()] { self->Recheck(); });
}

void WatchGroup::PostEnd(google::rpc::Status status) {
  loop_->Post([self = shared_from_this(), status = std::move(status)] {
    self->ForEach([&](WatchStream& stream) { stream.End(status); });
  });
}

void WatchGroup::Add(WatchStream& stream) {
  streams_.PushBack(stream);
  size_.fetch_add(1, std::memory_order_relaxed);
}

void WatchGroup::Remove(WatchStream& stream) {
  stream.Unlink();
  size_.fetch_sub(1, std::memory_order_relaxed);
}

void WatchGroup::Send() {
  // Before the state is read, so that a change from here on posts anew.
  send_posted_.store(false);
  if (const auto message = feed_->Latest()) {
    ForEach([&](WatchStream& stream) { stream.Offer(*message); });
  }
}

void WatchGroup::Recheck() {
  ForEach([&](WatchStream& stream) { stream.Recheck(); });
  feed_->Follow();
}

template <typename Function>
void WatchGroup::ForEach(Function function) {
  // Any of them may leave meanwhile.
  IntrusiveList<WatchStream, WatchGroup> visiting;
  visiting.TakeAll(streams_);
  while (WatchStream* const stream = visiting.front()) {
    streams_.PushBack(*stream);
    function(*stream);
  }
}

}  // namespace credential_broker::service
