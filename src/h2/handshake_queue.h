#ifndef CREDENTIAL_BROKER_H2_HANDSHAKE_QUEUE_H_
#define CREDENTIAL_BROKER_H2_HANDSHAKE_QUEUE_H_

#include <cstddef>
#include <string>
#include <unordered_map>

#include "absl/time/time.h"
#include "base/intrusive_list.h"
#include "h2/limits.h"

namespace credential_broker::h2 {

// A connection that has not authenticated.
class Handshaking {
 public:
  virtual ~Handshaking() = default;
  // Continues the handshake with what has come. May leave its place.
  virtual void StepHandshake() = 0;
  // Closes the connection in favor of a new one, and leaves its place.
  virtual void Evict() = 0;
};

// The connections of one event loop that have not authenticated: bounds how many there are, and
// lets their handshakes take turns, so that a flood of them costs open connections and other
// addresses little.
//
//  - Beyond max_handshakes_per_address the oldest connection of that address is evicted for a new
//    one; beyond max_handshakes, the oldest of the address that has the most. Each loop has its
//    share of these limits.
//  - A connection whose socket is ready waits for RunTurn, which takes one step for each address in
//    turn, for at most kTurn: a step costs up to a millisecond of CPU.
//
// Not thread-safe: it belongs to the thread of its loop. Outlives its places.
class HandshakeQueue {
 private:
  struct Address;

 public:
  // How long handshakes may hold up the open connections of the loop. The last step may exceed it.
  static constexpr absl::Duration kTurn = absl::Milliseconds(2);

  // What one connection holds until it is authenticated. Destroying it leaves the queue: nothing in
  // there names a connection that is gone.
  class Place : public ListHook<Place, struct Held>, public ListHook<Place, struct Ready> {
   public:
    // May evict others. `connection` owns the place.
    Place(HandshakeQueue& queue, const std::string& counted_as, Handshaking& connection);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    // Asks for a step in one of the next turns. Idempotent.
    void RequestStep();

   private:
    friend class HandshakeQueue;

    HandshakeQueue& queue_;
    Address& address_;
    Handshaking& connection_;
  };

  // `loops`: how many event loops share the limits.
  HandshakeQueue(const Limits& limits, std::size_t loops);
  HandshakeQueue(const HandshakeQueue&) = delete;
  HandshakeQueue& operator=(const HandshakeQueue&) = delete;

  // Steps handshakes that have asked for it. True: there are more, call again after other events.
  bool RunTurn();

  // Places that are held.
  std::size_t size() const { return size_; }

 private:
  // The connections of one address that are in here; the queue has no empty one.
  struct Address : ListHook<Address, struct Waiting> {
    const std::string* key = nullptr;
    std::size_t size = 0;
    IntrusiveList<Place, struct Held> held;  // by age
    IntrusiveList<Place, struct Ready> ready;
  };

  // Makes room for one place and returns the address that it is to be in.
  Address& MakeRoom(const std::string& counted_as);
  Address& Largest();

  const std::size_t max_;
  const std::size_t max_per_address_;
  std::size_t size_ = 0;
  std::unordered_map<std::string, Address> addresses_;
  IntrusiveList<Address, struct Waiting> waiting_;  // those with places that are ready
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_HANDSHAKE_QUEUE_H_
