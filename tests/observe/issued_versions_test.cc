#include "observe/issued_versions.h"

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.h"
#include "gtest/gtest.h"

namespace credential_broker::observe {
namespace {

TEST(IssuedVersions, KnowsTheFirstTime) {
  IssuedVersions issued(1000);
  const IssuedTo caller = {"dns:a", "192.0.2.1", "default"};
  EXPECT_TRUE(issued.IsFirst(caller, "v1"));
  EXPECT_FALSE(issued.IsFirst(caller, "v1"));
  EXPECT_TRUE(issued.IsFirst(caller, "v2"));
  EXPECT_FALSE(issued.IsFirst(caller, "v2"));
}

TEST(IssuedVersions, KnowsTheVersionBeforeWhileItChanges) {
  IssuedVersions issued(1000);
  const IssuedTo caller = {"dns:a", "192.0.2.1", "default"};
  EXPECT_TRUE(issued.IsFirst(caller, "v1"));
  EXPECT_TRUE(issued.IsFirst(caller, "v2"));
  EXPECT_FALSE(issued.IsFirst(caller, "v1"));
  EXPECT_FALSE(issued.IsFirst(caller, "v2"));
}

TEST(IssuedVersions, TellsCallersApartByEachPart) {
  IssuedVersions issued(1000);
  EXPECT_TRUE(issued.IsFirst({"dns:a", "192.0.2.1", "default"}, "v1"));
  EXPECT_TRUE(issued.IsFirst({"dns:b", "192.0.2.1", "default"}, "v1"));
  EXPECT_TRUE(issued.IsFirst({"dns:a", "192.0.2.2", "default"}, "v1"));
  EXPECT_TRUE(issued.IsFirst({"dns:a", "192.0.2.1", "other"}, "v1"));
  // The same letters, cut at other places.
  EXPECT_TRUE(issued.IsFirst({"dns:a1", "92.0.2.1", "default"}, "v1"));
  EXPECT_TRUE(issued.IsFirst({"dns:a", "192.0.2.1d", "efault"}, "v1"));
  EXPECT_FALSE(issued.IsFirst({"dns:a", "192.0.2.1", "default"}, "v1"));
}

TEST(IssuedVersions, ForgetsRatherThanGrows) {
  constexpr int kCallers = 10000;
  IssuedVersions issued(160);
  const auto count_first = [&issued](int callers) {
    int first = 0;
    for (int i = 0; i < callers; ++i) {
      first += issued.IsFirst({StrCat("dns:", i), "unix", "default"}, "v1") ? 1 : 0;
    }
    return first;
  };
  EXPECT_EQ(count_first(kCallers), kCallers);
  // Nothing is kept of nearly all of them; none is ever missing.
  EXPECT_GE(count_first(kCallers), kCallers - 160);
}

TEST(IssuedVersions, TellsOneOfManyThreadsThatItWasFirst) {
  constexpr int kThreads = 4;
  constexpr int kVersions = 300;
  IssuedVersions issued(1000);
  std::atomic<int> first = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int caller = 0; caller < kVersions; ++caller) {
        const std::string principal = StrCat("dns:", caller % 7);
        first += issued.IsFirst({principal, "unix", StrCat("c", caller)}, "v") ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(first, kVersions);
}

TEST(IssuedVersions, CountsByCredentialAndPrincipal) {
  IssuedVersions issued(1000);
  for (int i = 0; i < 3; ++i) {
    issued.IsFirst({"dns:a", "192.0.2.1", "default"}, "v1");
    issued.IsFirst({"dns:a", "192.0.2.2", "other"}, "v1");
  }
  issued.IsFirst({"dns:b", "192.0.2.1", "default"}, "v1");
  EXPECT_EQ(issued.ServedByCredential(),
            (std::map<std::string, std::uint64_t>{{"default", 4}, {"other", 3}}));
  const std::vector<CallerCalls> busiest = issued.BusiestPrincipals(10);
  ASSERT_EQ(busiest.size(), 2U);
  EXPECT_EQ(busiest[0].principal, "dns:a");
  EXPECT_EQ(busiest[0].calls, 6U);
  EXPECT_EQ(busiest[1].calls, 1U);
  EXPECT_EQ(issued.BusiestPrincipals(1).size(), 1U);
}

TEST(IssuedVersions, CountsOnWhenItForgetsCallers) {
  constexpr std::uint64_t kCallers = 500;
  IssuedVersions issued(16);  // one a shard
  for (std::uint64_t i = 0; i < kCallers; ++i) {
    issued.IsFirst({StrCat("dns:", i), "192.0.2.1", "default"}, "v1");
  }
  EXPECT_LE(issued.BusiestPrincipals(kCallers).size(), 16U);
  EXPECT_EQ(issued.ServedByCredential().at("default"), kCallers);
}

TEST(IssuedVersions, ForgetsACredential) {
  IssuedVersions issued(1000);
  issued.IsFirst({"dns:a", "192.0.2.1", "gone"}, "v1");
  issued.IsFirst({"dns:a", "192.0.2.1", "stays"}, "v1");
  issued.Forget("gone");
  EXPECT_EQ(issued.ServedByCredential(), (std::map<std::string, std::uint64_t>{{"stays", 1}}));
  EXPECT_TRUE(issued.IsFirst({"dns:a", "192.0.2.1", "gone"}, "v1"));
  EXPECT_EQ(issued.ServedByCredential().at("gone"), 1U);
}

}  // namespace
}  // namespace credential_broker::observe
