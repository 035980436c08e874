#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace credential_broker {
namespace {

class KernelRandom final : public Random {
 public:
  std::uint64_t Bits() override {
    std::uint64_t bits = 0;
    // At most 256 bytes come whole or not at all (getrandom(2)); a signal may interrupt the wait at
    // boot.
    while (getrandom(&bits, sizeof bits, 0) != static_cast<ssize_t>(sizeof bits)) {
      if (errno != EINTR) {
        std::abort();
      }
    }
    return bits;
  }
};

}  // namespace

Random& SystemRandom() {
  static KernelRandom random;
  return random;
}

}  // namespace credential_broker
