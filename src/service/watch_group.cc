#include "service/watch_group.h"

#include "service/error_status.h"
#include "service/watch_stream.h"

namespace credential_broker::service {

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
  stream.place = streams_.size();
  streams_.push_back(&stream);
  size_.store(streams_.size(), std::memory_order_relaxed);
}

void WatchGroup::Remove(const WatchStream& stream) {
  streams_[stream.place] = streams_.back();
  streams_[stream.place]->place = stream.place;
  streams_.pop_back();
  size_.store(streams_.size(), std::memory_order_relaxed);
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
  // From the end, so that one which leaves moves none that is still to come.
  for (std::size_t i = streams_.size(); i > 0; --i) {
    function(*streams_[i - 1]);
  }
}

}  // namespace credential_broker::service
