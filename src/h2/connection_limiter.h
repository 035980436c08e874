#ifndef CREDENTIAL_BROKER_H2_CONNECTION_LIMITER_H_
#define CREDENTIAL_BROKER_H2_CONNECTION_LIMITER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/mutex.h"
#include "h2/counters.h"
#include "h2/server.h"

namespace credential_broker::h2 {

// Counts the connections of all loops, in all and per address. Thread-safe; outlives its permits.
class ConnectionLimiter {
 public:
  // The right to one connection, given back when it is destroyed. May be empty.
  class Permit {
   public:
    Permit() = default;
    Permit(ConnectionLimiter& limiter, const std::string& address)
        : limiter_(&limiter), address_(address) {}
    Permit(Permit&& other) noexcept
        : limiter_(std::exchange(other.limiter_, nullptr)), address_(std::move(other.address_)) {}
    Permit& operator=(Permit&&) = delete;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() {
      if (limiter_ != nullptr) {
        limiter_->Release(address_);
      }
    }
    explicit operator bool() const { return limiter_ != nullptr; }

   private:
    ConnectionLimiter* limiter_ = nullptr;
    std::string address_;
  };

  // Both outlive the limiter.
  ConnectionLimiter(const Limits& limits, Counters& counters)
      : limits_(limits), counters_(counters) {}

  // Empty, and counted: a limit is met.
  Permit Admit(const std::string& address);

 private:
  void Release(const std::string& address);

  const Limits& limits_;
  Counters& counters_;
  Mutex mutex_;
  std::size_t total_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, std::size_t> per_address_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_CONNECTION_LIMITER_H_
