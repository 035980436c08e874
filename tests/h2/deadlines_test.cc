#include "h2/deadlines.h"

#include <gtest/gtest.h>

namespace credential_broker::h2 {
namespace {

TEST(Deadlines, NothingIsDueAtFirst) {
  Deadlines deadlines;
  EXPECT_EQ(deadlines.Earliest(), Deadlines::kNever);
  EXPECT_FALSE(deadlines.Take(1e12).has_value());
}

TEST(Deadlines, TakesEachOnceWhenItIsDue) {
  Deadlines deadlines;
  deadlines.Set(Due::kAge, 20);
  deadlines.Set(Due::kIdle, 10);
  EXPECT_EQ(deadlines.Earliest(), 10);
  EXPECT_FALSE(deadlines.Take(9.9).has_value());
  EXPECT_EQ(deadlines.Take(10), Due::kIdle);
  EXPECT_FALSE(deadlines.Take(10).has_value());
  EXPECT_EQ(deadlines.Earliest(), 20);
  EXPECT_EQ(deadlines.Take(30), Due::kAge);
}

TEST(Deadlines, ClearForgets) {
  Deadlines deadlines;
  deadlines.Set(Due::kAge, 20);
  deadlines.Set(Due::kPing, 5);
  deadlines.Clear(Due::kPing);
  EXPECT_FALSE(deadlines.IsSet(Due::kPing));
  EXPECT_EQ(deadlines.Earliest(), 20);
  deadlines.ClearAll();
  EXPECT_EQ(deadlines.Earliest(), Deadlines::kNever);
}

}  // namespace
}  // namespace credential_broker::h2
