#ifndef CREDENTIAL_BROKER_H2_CONNECTION_LIMITER_H_
#define CREDENTIAL_BROKER_H2_CONNECTION_LIMITER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "h2/counters.h"
#include "h2/limits.h"

namespace credential_broker::h2 {

// Counts the connections of all loops that have authenticated, in all and per address. Those that
// have not take no place here: HandshakeQueue bounds them. Thread-safe; outlives its permits.
class ConnectionLimiter {
 public:
  // The right to one connection, given back when it is destroyed. May be empty.
  class Permit {
   public:
    Permit() = default;
    Permit(ConnectionLimiter& limiter, const std::string& address)
        : limiter_(&limiter), address_(address) {}
    Permit(Permit&& other) noexcept
        : limiter_(std::exchange(other.limiter_, nullptr)),
          address_(std::move(other.address_)),
          counted_(other.counted_) {}
    Permit& operator=(Permit&&) = delete;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() {
      if (limiter_ != nullptr) {
        limiter_->Release(address_, counted_);
      }
    }
    // Takes a place among the connections that have authenticated. False, and counted: a limit was
    // reached meanwhile. Once, on a permit that is not empty.
    bool Confirm() { return counted_ = limiter_->Take(address_); }
    explicit operator bool() const { return limiter_ != nullptr; }

   private:
    ConnectionLimiter* limiter_ = nullptr;
    std::string address_;
    bool counted_ = false;
  };

  // Both outlive the limiter.
  ConnectionLimiter(const Limits& limits, Counters& counters)
      : limits_(limits), counters_(counters) {}

  // Lets a connection begin its handshake. Empty, and counted: there is no place for it even if it
  // authenticates.
  Permit Admit(const std::string& address);

 private:
  // False, and counted: a limit is reached.
  bool HasPlace(const std::string& address) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Take(const std::string& address);
  void Release(const std::string& address, bool counted);

  const Limits& limits_;
  Counters& counters_;
  Mutex mutex_;
  std::size_t total_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, std::size_t> per_address_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_CONNECTION_LIMITER_H_
