#include "core/login_budget.h"

#include <algorithm>

namespace credential_broker {
namespace {

constexpr absl::Duration kMinute = absl::Minutes(1);

// So many logins may follow each other at once before they are spread. The burst and those that
// come at the end of each kSpread are as many as a minute may hold: 3 at 0 s, then one at 15, 30
// and 45 s.
constexpr std::size_t kBurst = 3;

}  // namespace

void LoginBudget::Record(BootTime start) {
  std::shift_right(starts_.begin(), starts_.end(), 1);
  starts_.front() = start;
}

BootTime LoginBudget::Earliest(bool after_failure) const {
  BootTime earliest = starts_.back() + kMinute;
  if (after_failure) {
    for (std::size_t i = kBurst - 1; i < starts_.size(); ++i) {
      earliest = std::max(earliest, starts_[i] + kSpread * (i + 2 - kBurst));
    }
  }
  return earliest;
}

}  // namespace credential_broker
