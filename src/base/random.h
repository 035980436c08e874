#ifndef CREDENTIAL_BROKER_BASE_RANDOM_H_
#define CREDENTIAL_BROKER_BASE_RANDOM_H_

#include <cstdint>

namespace credential_broker {

// Where chance comes from. Thread-safe.
class Random {
 public:
  virtual ~Random() = default;

  // 64 bits, each value as likely as any other.
  virtual std::uint64_t Bits() = 0;

  // Evenly spread over [0, 1).
  double Fraction() { return static_cast<double>(Bits() >> 11) * 0x1.0p-53; }
};

// The kernel's generator, fit for names that must not be guessed. Lives to the end of the process,
// which it ends if the kernel has no randomness to give.
Random& SystemRandom();

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_RANDOM_H_
