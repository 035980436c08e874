#include "upstream/exchange.h"

#include <gtest/gtest.h>

#include <string>

namespace credential_broker::upstream {
namespace {

TEST(Exchange, MayHaveLeftOnceTheConnectionIsReady) {
  Exchange exchange(Delivery::kAtMostOnce, 10);
  EXPECT_FALSE(exchange.may_have_left());
  EXPECT_TRUE(exchange.OnReadyToSend());
  EXPECT_TRUE(exchange.may_have_left());
  EXPECT_EQ(exchange.refusal(), "");
}

TEST(Exchange, RefusesASecondSendingUnlessItMayRepeat) {
  Exchange once(Delivery::kAtMostOnce, 10);
  EXPECT_TRUE(once.OnReadyToSend());
  EXPECT_FALSE(once.OnReadyToSend());
  EXPECT_NE(once.refusal(), "");

  Exchange repeatable(Delivery::kMayRepeat, 10);
  EXPECT_TRUE(repeatable.OnReadyToSend());
  EXPECT_TRUE(repeatable.OnReadyToSend());
}

TEST(Exchange, TakesABodyUpToItsLimit) {
  Exchange exchange(Delivery::kAtMostOnce, 10);
  EXPECT_TRUE(exchange.OnBody("01234"));
  EXPECT_TRUE(exchange.OnBody("56789"));
  EXPECT_FALSE(exchange.OnBody("x"));
  EXPECT_EQ(exchange.body().view(), "0123456789");
}

TEST(Exchange, TakesHeadersUpTo16KiB) {
  Exchange exchange(Delivery::kAtMostOnce, 10);
  EXPECT_TRUE(exchange.OnHeader(std::string(16 * 1024 - 1, 'x')));
  EXPECT_TRUE(exchange.OnHeader("x"));
  EXPECT_FALSE(exchange.OnHeader("x"));
}

TEST(Exchange, TheHeadIsWholeAfterItsEmptyLine) {
  Exchange exchange(Delivery::kAtMostOnce, 10);
  for (const char* line : {"HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n"}) {
    exchange.OnHeader(line);
    EXPECT_FALSE(exchange.head_is_whole());
  }
  exchange.OnHeader("\r\n");
  EXPECT_TRUE(exchange.head_is_whole());
  exchange.OnHeader("HTTP/1.1 200 OK\r\n");
  EXPECT_FALSE(exchange.head_is_whole());
  exchange.OnHeader("\n");
  exchange.OnHeader("Trailer: x\r\n");
  EXPECT_TRUE(exchange.head_is_whole());
}

}  // namespace
}  // namespace credential_broker::upstream
