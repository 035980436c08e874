#include "base/random.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

#include "support/fixed_random.h"

namespace credential_broker {
namespace {

TEST(SystemRandom, DrawsDoNotRepeat) {
  std::set<std::uint64_t> draws;
  for (int i = 0; i < 1000; ++i) {
    draws.insert(SystemRandom().Bits());
  }
  EXPECT_EQ(draws.size(), 1000U);
}

TEST(Random, FractionCoversZeroToJustBelowOne) {
  EXPECT_EQ(FixedRandom(0).Fraction(), 0.0);
  EXPECT_EQ(FixedRandom(FixedRandom::kMiddle).Fraction(), 0.5);
  const double most = FixedRandom(FixedRandom::kMax).Fraction();
  EXPECT_LT(most, 1.0);
  EXPECT_GT(most, 0.9999999);
}

}  // namespace
}  // namespace credential_broker
