#ifndef CREDENTIAL_BROKER_BASE_KEYED_PERMITS_H_
#define CREDENTIAL_BROKER_BASE_KEYED_PERMITS_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace credential_broker {

// Limits how many permits each key may have at a time. Thread-safe. Memory is bounded by the
// permits that exist.
class KeyedPermits {
  class Table;
  struct Slot;

 public:
  // One permit of a key, given back when it is destroyed. May be empty. It may outlive the
  // KeyedPermits.
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept = default;
    Permit& operator=(Permit&& other) noexcept {
      std::swap(table_, other.table_);
      std::swap(slot_, other.slot_);
      return *this;
    }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit();

    explicit operator bool() const { return slot_ != nullptr; }

    // Returns a number that the permits of one key share, for their holders' use; 0 for the first.
    // Not for an empty permit.
    std::atomic<std::size_t>& shared_number() const;

   private:
    friend class KeyedPermits;
    Permit(std::shared_ptr<Table> table, std::shared_ptr<Slot> slot)
        : table_(std::move(table)), slot_(std::move(slot)) {}

    std::shared_ptr<Table> table_;
    std::shared_ptr<Slot> slot_;
  };

  explicit KeyedPermits(std::size_t max_per_key);

  // Returns an empty permit where `key` has the maximum already.
  Permit TryAcquire(std::string_view key);

  // Returns the number of keys that have permits.
  std::size_t size() const;

 private:
  std::shared_ptr<Table> table_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_KEYED_PERMITS_H_
