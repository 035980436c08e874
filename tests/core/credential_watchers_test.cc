#include "core/credential_watchers.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace credential_broker {
namespace {

TEST(CredentialWatchers, KeepsLittleOfWatchesThatWereDropped) {
  CredentialWatchers watchers;
  int told = 0;
  const auto stays = watchers.Add([&told] { ++told; });
  for (int i = 0; i < 10'000; ++i) {
    watchers.Add([] {});
    ASSERT_LE(watchers.kept(), 16U);
  }
  CredentialSnapshot changed;
  changed.refresh.due = BootTime() + absl::Seconds(1);
  watchers.Tell(changed, BootTime());
  EXPECT_EQ(told, 1);
}

TEST(CredentialWatchers, KeepsAllWatchesThatLive) {
  CredentialWatchers watchers;
  int told = 0;
  std::vector<std::shared_ptr<CredentialWatch>> living;
  for (int i = 0; i < 100; ++i) {
    living.push_back(watchers.Add([&told] { ++told; }));
    watchers.Add([] {});
  }
  CredentialSnapshot changed;
  changed.refresh.due = BootTime() + absl::Seconds(1);
  watchers.Tell(changed, BootTime());
  EXPECT_EQ(told, 100);
}

}  // namespace
}  // namespace credential_broker
