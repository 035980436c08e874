#include "observe/issued_versions.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/strings.h"
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

}  // namespace
}  // namespace credential_broker::observe
