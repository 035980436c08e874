#include "config/not_supported.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

TEST(NotSupported, KnowsKeysAtAnyIndex) {
  EXPECT_TRUE(IsNotSupportedYet("credentials[0].broker"));
  EXPECT_TRUE(IsNotSupportedYet("credentials[123].broker"));
  EXPECT_FALSE(IsNotSupportedYet("credentials[0].name"));
  EXPECT_FALSE(IsNotSupportedYet("server"));
  EXPECT_FALSE(IsNotSupportedYet(""));
}

TEST(NotSupported, KnowsSingleValues) {
  EXPECT_TRUE(IsNotSupportedYet("session_store.type", "etcd"));
  EXPECT_FALSE(IsNotSupportedYet("session_store.type", "memory"));
  EXPECT_FALSE(IsNotSupportedYet("session_store.type"));
}

TEST(NotSupported, NamesTheKeysOfOneSection) {
  EXPECT_THAT(NotSupportedKeysOf("credentials[7]"), ElementsAre("broker"));
  EXPECT_THAT(NotSupportedKeysOf(""), Contains("envoy"));
  EXPECT_THAT(NotSupportedKeysOf("session_store"), Not(Contains("type")));
  EXPECT_TRUE(NotSupportedKeysOf("log").empty());
}

}  // namespace
}  // namespace credential_broker::config
