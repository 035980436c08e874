#include "http/request_head.h"

#include <string>

#include "gtest/gtest.h"

namespace credential_broker::http {
namespace {

TEST(RequestHead, EndsWithAnEmptyLine) {
  EXPECT_EQ(HeadSize("GET / HTTP/1.1\r\nhost: a\r\n"), std::nullopt);
  EXPECT_EQ(HeadSize("GET / HTTP/1.1\r\n\r\nbody"), 18U);
}

TEST(RequestHead, ReadsMethodAndPath) {
  const std::optional<RequestHead> head =
      ParseRequestHead("GET /metrics?name[]=up HTTP/1.1\r\nhost: a\r\n\r\n");
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->path, "/metrics");
  EXPECT_TRUE(ParseRequestHead("HEAD / HTTP/1.0\r\n\r\n").has_value());
}

TEST(RequestHead, RefusesWhatIsNotHttp1) {
  for (const char* line : {"", "\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
                           "GET http://a/ HTTP/1.1\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n",
                           "get / HTTP/1.1\r\n\r\n", " / HTTP/1.1\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
                           "GET /\x01 HTTP/1.1\r\n\r\n", "GET /\xff HTTP/1.1\r\n\r\n",
                           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n"}) {
    EXPECT_FALSE(ParseRequestHead(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace credential_broker::http
