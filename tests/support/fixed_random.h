#ifndef CREDENTIAL_BROKER_TESTS_SUPPORT_FIXED_RANDOM_H_
#define CREDENTIAL_BROKER_TESTS_SUPPORT_FIXED_RANDOM_H_

#include <cstdint>
#include <limits>

#include "base/random.h"

namespace credential_broker {

// Always returns the same bits. Thread-safe.
class FixedRandom final : public Random {
 public:
  static constexpr std::uint64_t kMiddle = std::uint64_t{1} << 63;  // its Fraction is 0.5
  static constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

  explicit FixedRandom(std::uint64_t bits = kMiddle) : bits_(bits) {}
  std::uint64_t Bits() override { return bits_; }

 private:
  const std::uint64_t bits_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_SUPPORT_FIXED_RANDOM_H_
