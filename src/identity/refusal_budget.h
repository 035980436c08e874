#ifndef CREDENTIAL_BROKER_IDENTITY_REFUSAL_BUDGET_H_
#define CREDENTIAL_BROKER_IDENTITY_REFUSAL_BUDGET_H_

#include <algorithm>
#include <string>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/keyed_rate_limiter.h"

namespace credential_broker::identity {

// What a token is charged to.
struct TokenSource {
  std::string address;  // as Peer::counted_as
  // Key of the account that the token claims to be of, at that address. The claim is not verified,
  // so an account at one address never pays for what another address sends.
  std::string account;
};

// Limits the reviews that end in a refusal, for each account at an address and for each address as
// a whole. The first keeps a caller's mistake from its neighbours at the same address; the second,
// larger, bounds a caller that makes up accounts. Thread-safe.
class RefusalBudget {
 public:
  // `clock` outlives the budget.
  RefusalBudget(RateLimit per_account, RateLimit per_address, const Clock& clock)
      : accounts_(per_account, clock), addresses_(per_address, clock) {}

  // Returns zero where a review may be charged now, else the time until one may.
  absl::Duration TimeUntilNext(const TokenSource& source) const {
    return std::max(addresses_.TimeUntilNext(source.address),
                    accounts_.TimeUntilNext(source.account));
  }

  // Charges a review: zero. Where the budget of the account or of the address is used up nothing is
  // charged, and the result is the time until a review may be.
  absl::Duration Take(const TokenSource& source) {
    // The address first: accounts that are made up take no memory once it is used up.
    if (const absl::Duration wait = addresses_.Take(source.address); wait > absl::ZeroDuration()) {
      return wait;
    }
    const absl::Duration wait = accounts_.Take(source.account);
    if (wait > absl::ZeroDuration()) {
      addresses_.GiveBack(source.address);
    }
    return wait;
  }

  // Charges as much of a review as the budgets still hold.
  void Charge(const TokenSource& source) {
    static_cast<void>(addresses_.Take(source.address));
    static_cast<void>(accounts_.Take(source.account));
  }

  // Gives back what Take charged.
  void GiveBack(const TokenSource& source) {
    addresses_.GiveBack(source.address);
    accounts_.GiveBack(source.account);
  }

 private:
  KeyedRateLimiter accounts_;
  KeyedRateLimiter addresses_;
};

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_REFUSAL_BUDGET_H_
