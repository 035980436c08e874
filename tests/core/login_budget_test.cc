#include "core/login_budget.h"

#include <gtest/gtest.h>

namespace credential_broker {
namespace {

BootTime At(double seconds) { return BootTime::FromSinceBoot(absl::Seconds(seconds)); }

TEST(LoginBudget, HoldsNothingBackAtFirst) {
  EXPECT_LT(LoginBudget().Earliest(false), At(0));
  EXPECT_LT(LoginBudget().Earliest(true), At(0));
}

TEST(LoginBudget, SeventhLoginWaitsUntilTheFirstIsAMinuteAgo) {
  LoginBudget budget;
  for (int i = 0; i < 6; ++i) {
    EXPECT_LE(budget.Earliest(false), At(100 + i)) << i;
    budget.Record(At(100 + i));
  }
  EXPECT_EQ(budget.Earliest(false), At(160));
  budget.Record(At(160));
  EXPECT_EQ(budget.Earliest(false), At(161));
}

TEST(LoginBudget, AfterFailuresThreeComeAtOnceThenOneEachFifteenSeconds) {
  LoginBudget budget;
  for (double expected : {0.0, 0.0, 0.0, 15.0, 30.0, 45.0, 60.0, 60.0, 60.0, 75.0}) {
    const BootTime start = std::max(At(0), budget.Earliest(true));
    EXPECT_EQ(start, At(expected));
    budget.Record(start);
  }
}

TEST(LoginBudget, NeverMakesFailuresWaitLongerThanItsSpread) {
  // Failures that come at any pace: the gap that the budget adds stays within the spread.
  for (double pace : {0.0, 0.3, 1.0, 4.0, 7.0, 10.0, 14.0, 20.0}) {
    LoginBudget budget;
    BootTime last = At(0);
    budget.Record(last);
    for (int i = 0; i < 100; ++i) {
      const BootTime start = std::max(last + absl::Seconds(pace), budget.Earliest(true));
      EXPECT_LE(start - last, std::max(LoginBudget::kSpread, absl::Seconds(pace))) << pace;
      budget.Record(start);
      last = start;
    }
  }
}

}  // namespace
}  // namespace credential_broker
