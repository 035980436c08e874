#ifndef CREDENTIAL_BROKER_CORE_LOGIN_BUDGET_H_
#define CREDENTIAL_BROKER_CORE_LOGIN_BUDGET_H_

#include <array>
#include <cstddef>

#include "base/clock.h"

namespace credential_broker {

// How often InvestSuite is asked for a login: at most kLoginsPerMinute in any minute, whatever
// happens.
//
// A budget that six quick failures use up would leave the rest of the minute without an attempt,
// and an outage that ends just then would outlast the token. So logins that follow a failed one are
// spread: three at once, then one every kSpread, which uses the same budget and never leaves a
// longer gap than kSpread.
//
// A value.
class LoginBudget {
 public:
  static constexpr std::size_t kLoginsPerMinute = 6;
  // The longest pause of the retries as well, so that the budget never makes one longer.
  static constexpr absl::Duration kSpread = absl::Seconds(15);

  // A login begins.
  void Record(BootTime start);

  // The instant from which the next login may begin; long ago where nothing holds it back.
  BootTime Earliest(bool after_failure) const;

 private:
  static constexpr BootTime kNever = BootTime::InfinitePast();
  // Newest first.
  std::array<BootTime, kLoginsPerMinute> starts_ = {kNever, kNever, kNever, kNever, kNever, kNever};
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_LOGIN_BUDGET_H_
