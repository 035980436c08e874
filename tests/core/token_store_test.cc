#include "core/token_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/machine_driver.h"
#include "support/fake_clock.h"

namespace credential_broker {
namespace {

// A snapshot whose token is `version`, good for 300 s from now.
SnapshotPtr Fresh(const FakeClock& clock, const std::string& version) {
  auto snapshot = std::make_shared<CredentialSnapshot>();
  snapshot->refresh.phase = RefreshPhase::kFresh;
  snapshot->refresh.obtained_at = clock.Now();
  snapshot->refresh.due = clock.Now() + absl::Seconds(150);
  snapshot->refresh.token =
      TokenOf(version, absl::Seconds(300), clock.Now() + absl::Seconds(300), snapshot->refresh.due);
  return snapshot;
}

TEST(TokenStore, HasNoAnswerBeforeTheFirstToken) {
  FakeClock clock;
  TokenStore store(std::make_shared<CredentialSnapshot>(), clock);
  EXPECT_FALSE(store.TryGet({}).has_value());
}

TEST(TokenStore, ServesTheLatestToken) {
  FakeClock clock;
  TokenStore store(Fresh(clock, "v1"), clock);
  EXPECT_EQ((**store.TryGet({}))->version, "v1");
  const SnapshotPtr second = Fresh(clock, "v2");
  store.Publish(second);
  EXPECT_EQ((**store.TryGet({}))->version, "v2");
  EXPECT_EQ(store.Latest(), second);
}

TEST(TokenStore, LetsGoOfTheOldToken) {
  FakeClock clock;
  SnapshotPtr first = Fresh(clock, "v1");
  const std::weak_ptr<const Token> old = first->refresh.token;
  TokenStore store(std::move(first), clock);
  store.Publish(Fresh(clock, "v2"));
  EXPECT_TRUE(old.expired());
}

TEST(TokenStore, DecidesTheRestByTheRule) {
  FakeClock clock;
  TokenStore store(Fresh(clock, "v1"), clock);
  TokenQuery too_long;
  too_long.min_validity = absl::Seconds(241);
  EXPECT_EQ(DetailsOf(store.TryGet(too_long)->status())->reason, Reason::kMinValidityTooLong);
  TokenQuery rejecting;
  rejecting.rejected_version = "v1";
  EXPECT_FALSE(store.TryGet(rejecting).has_value());
  clock.Advance(absl::Seconds(290));
  EXPECT_FALSE(store.TryGet({}).has_value());
}

TEST(TokenStore, ReadersNeverSeeAnOlderTokenAgain) {
  FakeClock clock;
  TokenStore store(Fresh(clock, "1"), clock);
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  readers.reserve(3);
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      int newest = 0;
      while (!stop) {
        const int version = std::stoi((**store.TryGet({}))->version);
        EXPECT_GE(version, newest);
        newest = version;
      }
    });
  }
  for (int version = 2; version < 2000; ++version) {
    store.Publish(Fresh(clock, std::to_string(version)));
  }
  stop = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
}

}  // namespace
}  // namespace credential_broker
