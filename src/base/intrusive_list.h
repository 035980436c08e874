#ifndef CREDENTIAL_BROKER_BASE_INTRUSIVE_LIST_H_
#define CREDENTIAL_BROKER_BASE_INTRUSIVE_LIST_H_

namespace credential_broker {

template <typename T, typename Tag>
class IntrusiveList;

// The place of a T in at most one IntrusiveList<T, Tag>. T inherits from it, once for each Tag.
// Destroying the T takes it out of the list, so a list never names an object that is gone.
//
// Not thread-safe: a list and its elements belong to one thread.
template <typename T, typename Tag>
class ListHook {
 public:
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { Unlink(); }

  bool linked() const { return next_ != nullptr; }
  // Takes the element out of its list; does nothing when it is in none.
  void Unlink() {
    if (linked()) {
      previous_->next_ = next_;
      next_->previous_ = previous_;
      next_ = previous_ = nullptr;
    }
  }

 private:
  friend class IntrusiveList<T, Tag>;
  friend T;
  friend Tag;

  ListHook() = default;

  ListHook* next_ = nullptr;
  ListHook* previous_ = nullptr;
};

// A doubly linked list of objects that it does not own, in the order of insertion. Takes no memory
// of its own. Destroying the list leaves its elements in no list.
template <typename T, typename Tag>
class IntrusiveList {
 public:
  using Hook = ListHook<T, Tag>;

  IntrusiveList() { root_.next_ = root_.previous_ = &root_; }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (PopFront() != nullptr) {
    }
    root_.next_ = root_.previous_ = nullptr;
  }

  bool empty() const { return root_.next_ == &root_; }
  // The oldest element; null when the list is empty.
  T* front() { return empty() ? nullptr : Element(root_.next_); }

  // Moves `element` to the end of this list, out of the list that it is in.
  void PushBack(T& element) {
    Hook& hook = element;
    hook.Unlink();
    hook.previous_ = root_.previous_;
    hook.next_ = &root_;
    root_.previous_->next_ = &hook;
    root_.previous_ = &hook;
  }

  // Takes the oldest element out of the list; null when the list is empty.
  T* PopFront() {
    Hook* const first = root_.next_;
    if (first == &root_) {
      return nullptr;
    }
    root_.next_ = first->next_;
    first->next_->previous_ = &root_;
    first->next_ = first->previous_ = nullptr;
    return Element(first);
  }

  // Moves all elements of `other`, in order, to the end of this list.
  void TakeAll(IntrusiveList& other) {
    if (other.empty()) {
      return;
    }
    root_.previous_->next_ = other.root_.next_;
    other.root_.next_->previous_ = root_.previous_;
    other.root_.previous_->next_ = &root_;
    root_.previous_ = other.root_.previous_;
    other.root_.next_ = other.root_.previous_ = &other.root_;
  }

 private:
  static T* Element(Hook* hook) { return static_cast<T*>(hook); }

  Hook root_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_INTRUSIVE_LIST_H_
