#include "base/keyed_permits.h"

#include <optional>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace credential_broker {
namespace {

TEST(KeyedPermits, AKeyHasNoMoreThanTheMaximumAndAnotherKeyIsNotAffected) {
  KeyedPermits permits(2);
  const KeyedPermits::Permit first = permits.TryAcquire("a");
  std::optional<KeyedPermits::Permit> second = permits.TryAcquire("a");
  EXPECT_TRUE(first);
  EXPECT_TRUE(*second);
  EXPECT_FALSE(permits.TryAcquire("a"));
  EXPECT_TRUE(permits.TryAcquire("b"));
  second.reset();
  EXPECT_TRUE(permits.TryAcquire("a"));
}

TEST(KeyedPermits, AMovedPermitIsReleasedOnce) {
  KeyedPermits permits(1);
  KeyedPermits::Permit from = permits.TryAcquire("a");
  {
    const KeyedPermits::Permit to = std::move(from);
    EXPECT_TRUE(to);
    EXPECT_FALSE(permits.TryAcquire("a"));
  }
  EXPECT_TRUE(permits.TryAcquire("a"));
  KeyedPermits::Permit assigned;
  assigned = permits.TryAcquire("a");
  EXPECT_FALSE(permits.TryAcquire("a"));
  assigned = KeyedPermits::Permit();
  EXPECT_TRUE(permits.TryAcquire("a"));
}

TEST(KeyedPermits, NothingIsKeptOfAKeyWithoutPermits) {
  KeyedPermits permits(1);
  {
    std::vector<KeyedPermits::Permit> held;
    for (int i = 0; i < 100; ++i) {
      held.push_back(permits.TryAcquire(std::to_string(i)));
      held.push_back(permits.TryAcquire(std::to_string(i)));  // empty
    }
    EXPECT_EQ(permits.size(), 100U);
  }
  EXPECT_EQ(permits.size(), 0U);
}

TEST(KeyedPermits, PermitsOfOneKeyShareANumberAndMayOutliveTheirSource) {
  auto permits = std::make_unique<KeyedPermits>(2);
  const KeyedPermits::Permit first = permits->TryAcquire("a");
  const KeyedPermits::Permit second = permits->TryAcquire("a");
  EXPECT_EQ(first.shared_number(), 0U);
  permits.reset();
  first.shared_number() += 3;
  EXPECT_EQ(second.shared_number(), 3U);
}

}  // namespace
}  // namespace credential_broker
