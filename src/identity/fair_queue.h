#ifndef CREDENTIAL_BROKER_IDENTITY_FAIR_QUEUE_H_
#define CREDENTIAL_BROKER_IDENTITY_FAIR_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace credential_broker::identity {

// A queue with a line for each key. Lines take turns, so a key with many items delays the first
// item of any other key by one item at most. Within its line an urgent item goes before those that
// are not. Not thread-safe.
//
// Push and Pop take constant time; Remove and MakeRoom are linear.
template <typename T>
class FairQueue {
 public:
  enum class Priority { kNormal, kUrgent };

  // Appends `item` to the line of `key`. A key without a line gets one at the end of the turns.
  void Push(std::string_view key, T item, Priority priority = Priority::kNormal) {
    Line& line = LineOf(key);
    if (priority == Priority::kUrgent) {
      line.urgent.push_back(std::move(item));
    } else {
      line.normal.push_back(std::move(item));
    }
    ++size_;
  }

  // Removes and returns the next item of the line whose turn it is. None: the queue is empty.
  std::optional<T> Pop() {
    if (lines_.empty()) {
      return std::nullopt;
    }
    const auto line = lines_.begin();
    std::list<T>& items = line->urgent.empty() ? line->normal : line->urgent;
    std::optional<T> item(std::move(items.front()));
    items.pop_front();
    --size_;
    if (line->size() > 0) {
      lines_.splice(lines_.end(), lines_, line);
    } else {
      Erase(line);
    }
    return item;
  }

  // Removes and returns an item so that a new one of `key` finds room. None: it finds none.
  //
  // An urgent item displaces the newest normal item of the longest line that has one, however long
  // its own line is; of several such lines, its own. Any other item, and an urgent one where all
  // items are urgent, displaces the newest item of the longest line (one that is not urgent if
  // there is any), provided that this line is longer than that of `key` would be.
  std::optional<T> MakeRoom(std::string_view key, Priority priority) {
    if (priority == Priority::kUrgent) {
      const auto displaced =
          std::max_element(lines_.begin(), lines_.end(), [key](const Line& a, const Line& b) {
            return RankForUrgent(a, key) < RankForUrgent(b, key);
          });
      if (displaced != lines_.end() && !displaced->normal.empty()) {
        return DropNewest(displaced);
      }
    }
    const auto longest =
        std::max_element(lines_.begin(), lines_.end(),
                         [](const Line& a, const Line& b) { return a.size() < b.size(); });
    if (longest != lines_.end() && longest->size() > Size(key) + 1) {
      return DropNewest(longest);
    }
    return std::nullopt;
  }

  // Removes `item` from the line of `key`, if it is there.
  void Remove(std::string_view key, const T& item) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) {
      return;
    }
    const auto line = found->second;
    size_ -= line->normal.remove(item) + line->urgent.remove(item);
    if (line->size() == 0) {
      Erase(line);
    }
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Returns the number of items in the line of `key`.
  std::size_t Size(std::string_view key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? 0 : found->second->size();
  }

  // Returns the number of items in the line of `key` that are not urgent.
  std::size_t NormalSize(std::string_view key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? 0 : found->second->normal.size();
  }

  // Returns the number of items in the line of `key` that are urgent.
  std::size_t UrgentSize(std::string_view key) const { return Size(key) - NormalSize(key); }

  // Returns the number of items in the line of `key` that are not urgent and that `predicate` holds
  // for. Linear in the length of that line.
  template <typename Predicate>
  std::size_t CountNormal(std::string_view key, Predicate predicate) const {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) {
      return 0;
    }
    const std::list<T>& items = found->second->normal;
    return static_cast<std::size_t>(std::count_if(items.begin(), items.end(), predicate));
  }

 private:
  // Never empty between calls.
  struct Line {
    std::string key;
    std::list<T> urgent;
    std::list<T> normal;

    std::size_t size() const { return urgent.size() + normal.size(); }
  };
  using Lines = std::list<Line>;

  // The line with the highest rank loses an item to an urgent one of `key`.
  static std::tuple<bool, std::size_t, bool> RankForUrgent(const Line& line, std::string_view key) {
    return {!line.normal.empty(), line.size(), line.key == key};
  }

  Line& LineOf(std::string_view key) {
    const auto found = by_key_.find(key);
    if (found != by_key_.end()) {
      return *found->second;
    }
    lines_.push_back({std::string(key), {}, {}});
    by_key_.emplace(lines_.back().key, std::prev(lines_.end()));
    return lines_.back();
  }

  // clang 14 needs the `typename` that C++20 made redundant.
  // NOLINTNEXTLINE(readability-redundant-typename)
  std::optional<T> DropNewest(typename Lines::iterator line) {
    std::list<T>& items = line->normal.empty() ? line->urgent : line->normal;
    std::optional<T> item(std::move(items.back()));
    items.pop_back();
    --size_;
    if (line->size() == 0) {
      Erase(line);
    }
    return item;
  }

  // NOLINTNEXTLINE(readability-redundant-typename)
  void Erase(typename Lines::iterator line) {
    by_key_.erase(line->key);
    lines_.erase(line);
  }

  Lines lines_;                                                            // the next turn first
  std::unordered_map<std::string_view, typename Lines::iterator> by_key_;  // views into lines_
  std::size_t size_ = 0;
};

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_FAIR_QUEUE_H_
