#include "h2/handshake_queue.h"

#include <algorithm>

#include "h2/ev_loop.h"

namespace credential_broker::h2 {
namespace {

// However many loops share the limits: clients of one address that start together are served.
constexpr std::size_t kMinOfALoop = 8;

std::size_t Share(std::size_t limit, std::size_t loops) {
  return std::max(std::min(limit, kMinOfALoop), limit / loops);
}

}  // namespace

HandshakeQueue::Place::Place(HandshakeQueue& queue, const std::string& counted_as,
                             Handshaking& connection)
    : queue_(queue), address_(queue.MakeRoom(counted_as)), connection_(connection) {
  address_.held.PushBack(*this);
  ++address_.size;
  ++queue_.size_;
}

HandshakeQueue::Place::~Place() {
  ListHook<Place, struct Held>::Unlink();
  ListHook<Place, struct Ready>::Unlink();
  --queue_.size_;
  if (--address_.size == 0) {
    queue_.addresses_.erase(queue_.addresses_.find(*address_.key));
  }
}

void HandshakeQueue::Place::RequestStep() {
  if (!ListHook<Place, struct Ready>::linked()) {
    address_.ready.PushBack(*this);
  }
  if (!address_.linked()) {
    queue_.waiting_.PushBack(address_);
  }
}

HandshakeQueue::HandshakeQueue(const Limits& limits, std::size_t loops)
    : max_(Share(limits.max_handshakes, loops)),
      max_per_address_(Share(limits.max_handshakes_per_address, loops)) {}

bool HandshakeQueue::RunTurn() {
  if (waiting_.empty()) {
    return false;
  }
  const double end = MonotonicSeconds() + absl::ToDoubleSeconds(kTurn);
  do {
    Address& address = *waiting_.PopFront();
    Place* const place = address.ready.PopFront();
    if (place == nullptr) {
      continue;  // those that were ready have left
    }
    if (!address.ready.empty()) {
      waiting_.PushBack(address);
    }
    place->connection_.StepHandshake();
  } while (!waiting_.empty() && MonotonicSeconds() < end);
  return !waiting_.empty();
}

HandshakeQueue::Address& HandshakeQueue::MakeRoom(const std::string& counted_as) {
  const auto found = addresses_.find(counted_as);
  if (found != addresses_.end() && found->second.size >= max_per_address_) {
    found->second.held.front()->connection_.Evict();
  } else if (size_ >= max_) {
    Largest().held.front()->connection_.Evict();
  }
  const auto [it, added] = addresses_.try_emplace(counted_as);
  it->second.key = &it->first;
  return it->second;
}

HandshakeQueue::Address& HandshakeQueue::Largest() {
  return std::max_element(
             addresses_.begin(), addresses_.end(),
             [](const auto& a, const auto& b) { return a.second.size < b.second.size; })
      ->second;
}

}  // namespace credential_broker::h2
