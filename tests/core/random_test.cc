#include "core/random.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <set>

namespace credential_broker {
namespace {

TEST(SystemRandom, DrawsDoNotRepeat) {
  std::set<std::uint64_t> draws;
  for (int i = 0; i < 1000; ++i) {
    draws.insert(SystemRandom().Bits());
  }
  EXPECT_EQ(draws.size(), 1000U);
}

class Constant final : public Random {
 public:
  explicit Constant(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t Bits() override { return bits_; }

 private:
  const std::uint64_t bits_;
};

TEST(Random, FractionCoversZeroToJustBelowOne) {
  EXPECT_EQ(Constant(0).Fraction(), 0.0);
  EXPECT_EQ(Constant(std::uint64_t{1} << 63).Fraction(), 0.5);
  const double most = Constant(std::numeric_limits<std::uint64_t>::max()).Fraction();
  EXPECT_LT(most, 1.0);
  EXPECT_GT(most, 0.9999999);
}

}  // namespace
}  // namespace credential_broker
