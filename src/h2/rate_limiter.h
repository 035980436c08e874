#ifndef CREDENTIAL_BROKER_H2_RATE_LIMITER_H_
#define CREDENTIAL_BROKER_H2_RATE_LIMITER_H_

#include <algorithm>

#include "h2/limits.h"

namespace credential_broker::h2 {

// A token bucket, full at first. Not thread-safe.
class RateLimiter {
 public:
  explicit RateLimiter(Rate rate) : rate_(rate), tokens_(rate.burst) {}

  // Takes one; false: there is none. `now`: seconds on any clock that does not go back.
  bool Take(double now) {
    tokens_ = std::min(rate_.burst, tokens_ + std::max(0.0, now - last_) * rate_.per_second);
    last_ = now;
    if (tokens_ < 1) {
      return false;
    }
    tokens_ -= 1;
    return true;
  }

 private:
  Rate rate_;
  double tokens_;
  double last_ = 0;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_RATE_LIMITER_H_
