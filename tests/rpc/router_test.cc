#include "rpc/router.h"

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

HandlerFactory NoHandler() {
  return [](Call&) { return nullptr; };
}

TEST(Router, FindsMethodsByPath) {
  Router router;
  router.Add(TestService(), "One", NoHandler());
  router.Add(TestService(), "Both", NoHandler(), {.max_message = 7});
  const Method* both = router.Find("/test.Kinds/Both");
  ASSERT_NE(both, nullptr);
  EXPECT_EQ(both->service, "test.Kinds");
  EXPECT_EQ(both->name, "Both");
  EXPECT_EQ(both->index, 1U);
  EXPECT_TRUE(both->client_streaming);
  EXPECT_TRUE(both->server_streaming);
  EXPECT_EQ(both->options.max_message, 7U);
  EXPECT_FALSE(router.Find("/test.Kinds/One")->client_streaming);
  EXPECT_THAT(router.methods(), testing::ElementsAre(router.Find("/test.Kinds/One"), both));
  EXPECT_THAT(router.services(), testing::ElementsAre(&TestService()));
}

TEST(Router, KnowsNoOtherPath) {
  Router router;
  router.Add(TestService(), "One", NoHandler());
  for (const char* path :
       {"", "/", "*", "test.Kinds/One", "/test.Kinds", "/test.Kinds/", "/test.Kinds/one",
        "/test.Kinds/One/", "//test.Kinds/One", "/test.Kinds/One?x=1", "/test.Kinds/Down"}) {
    EXPECT_EQ(router.Find(path), nullptr) << path;
  }
}

TEST(RouterDeathTest, EndsTheProcessOnMistakesOfTheProgram) {
  Router router;
  router.Add(TestService(), "One", NoHandler());
  EXPECT_DEATH(router.Add(TestService(), "Two", NoHandler()), "test.Kinds has no method Two");
  EXPECT_DEATH(router.Add(TestService(), "One", NoHandler()), "One is there already");
}

}  // namespace
}  // namespace credential_broker::rpc
