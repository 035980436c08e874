#ifndef CREDENTIAL_BROKER_BASE_OWNED_LIST_H_
#define CREDENTIAL_BROKER_BASE_OWNED_LIST_H_

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/intrusive_list.h"

namespace credential_broker {

template <typename T>
class OwnedList;

// The base of what an OwnedList owns. A T makes its destructor private and befriends
// OwnedList<T>, so that nothing else can destroy it.
template <typename T>
class Owned : public ListHook<T, Owned<T>> {
 public:
  // Marks that a function of the object runs. Every function that is called from outside (an event,
  // a timer, a callback of a library) and may end the object begins with one: destroying the object
  // below it aborts the process instead of returning into freed memory.
  class InUse {
   public:
    explicit InUse(Owned& object) : object_(object) { ++object_.uses_; }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;
    ~InUse() { --object_.uses_; }

   private:
    Owned& object_;
  };

 private:
  friend class OwnedList<T>;
  friend T;

  Owned() = default;

  bool live_ = false;
  unsigned uses_ = 0;
};

// Owns the objects of one event loop, each from Emplace to DestroyRetired:
//
//   Emplace ──▶ live ──Retire──▶ retired ──DestroyRetired──▶ destroyed
//
// Retire is for any place at all, the object's own functions included: the object stays whole.
// DestroyRetired is for the one place in a loop where no function of an object runs, the end of a
// batch of events; it aborts the process where one does (Owned::InUse).
//
// Not thread-safe. Destroying the list destroys what it owns.
template <typename T>
class OwnedList {
 public:
  OwnedList() = default;
  OwnedList(const OwnedList&) = delete;
  OwnedList& operator=(const OwnedList&) = delete;
  ~OwnedList() { Clear(); }

  // The reference is valid until the object is destroyed; do not keep it beyond the batch of events
  // other than in an IntrusiveList.
  template <typename... Arguments>
  T& Emplace(Arguments&&... arguments) {
    T& object = *new T(std::forward<Arguments>(arguments)...);
    static_cast<Owned<T>&>(object).live_ = true;
    live_.PushBack(object);
    ++live_count_;
    return object;
  }

  // Ends the object's life as far as others can see: ForEach and size() leave it out. Idempotent.
  void Retire(T& object) {
    if (std::exchange(static_cast<Owned<T>&>(object).live_, false)) {
      retired_.PushBack(object);
      --live_count_;
    }
  }

  // Returns how many were destroyed.
  std::size_t DestroyRetired() {
    std::size_t count = 0;
    for (; T* const object = retired_.PopFront(); ++count) {
      Destroy(object);
    }
    return count;
  }

  // Destroys all objects, live and retired.
  void Clear() {
    DestroyRetired();
    while (T* const object = live_.front()) {
      Retire(*object);
      DestroyRetired();
    }
  }

  // Calls `function` with each live object; it may retire any of them and add others, which are not
  // visited.
  template <typename Function>
  void ForEach(Function&& function) {
    List visiting;
    visiting.TakeAll(live_);
    while (T* const object = visiting.front()) {
      live_.PushBack(*object);
      function(*object);
    }
  }

  // Live objects.
  std::size_t size() const { return live_count_; }
  bool empty() const { return live_count_ == 0; }

 private:
  using List = IntrusiveList<T, Owned<T>>;

  static void Destroy(T* object) {
    if (static_cast<const Owned<T>&>(*object).uses_ != 0) {
      std::abort();
    }
    delete object;
  }

  List live_;
  List retired_;
  std::size_t live_count_ = 0;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_OWNED_LIST_H_
