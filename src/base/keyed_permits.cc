#include "base/keyed_permits.h"

#include <functional>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"

namespace credential_broker {

struct KeyedPermits::Slot {
  explicit Slot(std::string_view name) : key(name) {}

  const std::string key;
  std::size_t permits = 0;  // guarded by the table's mutex
  std::atomic<std::size_t> shared_number{0};
};

class KeyedPermits::Table {
 public:
  explicit Table(std::size_t max_per_key) : max_per_key_(max_per_key) {}

  // Null: the key has the maximum.
  std::shared_ptr<Slot> Acquire(std::string_view key) {
    MutexLock lock(mutex_);
    auto it = slots_.find(key);
    if (it == slots_.end()) {
      if (max_per_key_ == 0) {
        return nullptr;
      }
      it = slots_.emplace(key, std::make_shared<Slot>(key)).first;
    }
    if (it->second->permits >= max_per_key_) {
      return nullptr;
    }
    ++it->second->permits;
    return it->second;
  }

  void Release(Slot& slot) {
    MutexLock lock(mutex_);
    if (--slot.permits == 0) {
      slots_.erase(slot.key);
    }
  }

  std::size_t size() const {
    MutexLock lock(mutex_);
    return slots_.size();
  }

 private:
  // Lets find take a view without a copy of it.
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>()(key);
    }
  };

  const std::size_t max_per_key_;
  mutable Mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Slot>, Hash, std::equal_to<>> slots_
      ABSL_GUARDED_BY(mutex_);
};

KeyedPermits::Permit::~Permit() {
  if (slot_ != nullptr) {
    table_->Release(*slot_);
  }
}

std::atomic<std::size_t>& KeyedPermits::Permit::shared_number() const {
  return slot_->shared_number;
}

KeyedPermits::KeyedPermits(std::size_t max_per_key)
    : table_(std::make_shared<Table>(max_per_key)) {}

KeyedPermits::Permit KeyedPermits::TryAcquire(std::string_view key) {
  std::shared_ptr<Slot> slot = table_->Acquire(key);
  return slot == nullptr ? Permit() : Permit(table_, std::move(slot));
}

std::size_t KeyedPermits::size() const { return table_->size(); }

}  // namespace credential_broker
