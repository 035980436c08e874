#include "http/request_head.h"

#include <string>

#include "base/strings.h"
#include "gtest/gtest.h"

namespace credential_broker::http {
namespace {

TEST(RequestHead, EndsWithAnEmptyLine) {
  EXPECT_EQ(HeadSize("GET / HTTP/1.1\r\nhost: a\r\n"), std::nullopt);
  EXPECT_EQ(HeadSize("GET / HTTP/1.1\r\n\r\nbody"), 18U);
}

TEST(RequestHead, ReadsMethodAndTarget) {
  const absl::StatusOr<RequestHead> head =
      ParseRequestHead("GET /metrics?name[]=up HTTP/1.1\r\nhost: a\r\n\r\n");
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->target, "/metrics?name[]=up");
  EXPECT_TRUE(ParseRequestHead("HEAD / HTTP/1.0\r\n\r\n").ok());
}

std::string MessageOf(std::string_view head) {
  return std::string(ToStd(ParseRequestHead(head).status().message()));
}

TEST(RequestHead, ReadsHost) {
  const auto host = [](std::string_view fields) {
    return ParseRequestHead(StrCat("GET / HTTP/1.1\r\n", fields, "\r\n"))->host;
  };
  EXPECT_EQ(host("Host: localhost:9090\r\n"), "localhost:9090");
  EXPECT_EQ(host("accept: */*\r\nHOST:\t[::1]:9090 \r\nx-host: b\r\n"), "[::1]:9090");
  EXPECT_EQ(host("host:\r\n"), "");
  EXPECT_EQ(ParseRequestHead("GET / HTTP/1.0\r\nhost: a\r\n\r\n")->host, "a");
  EXPECT_EQ(ParseRequestHead("GET / HTTP/1.0\r\n\r\n")->host, std::nullopt);
}

TEST(RequestHead, RefusesHttp11WithoutExactlyOneHost) {
  EXPECT_EQ(MessageOf("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 requires a Host header");
  EXPECT_EQ(MessageOf("GET / HTTP/1.1\r\nx-host: a\r\n\r\n"), "HTTP/1.1 requires a Host header");
  for (const char* version : {"1.0", "1.1"}) {
    EXPECT_EQ(MessageOf(StrCat("GET / HTTP/", version, "\r\nhost: a\r\nHost: a\r\n\r\n")),
              "there is more than one Host header");
    EXPECT_EQ(MessageOf(StrCat("GET / HTTP/", version, "\r\nhost: a, b\r\n\r\n")),
              "the Host header is malformed");
  }
}

TEST(RequestHead, RefusesMalformedFields) {
  for (const char* field :
       {"no colon", ": no name", "host : a", " folded: a", "\tfolded: a", "n\xc3\xa4me: a",
        "name: a\rhost: b", "name: a\nhost: b", "name: \x01"}) {
    EXPECT_EQ(MessageOf(StrCat("GET / HTTP/1.1\r\nhost: a\r\n", field, "\r\n\r\n")),
              "a header field is malformed")
        << field;
  }
  EXPECT_EQ(MessageOf(std::string_view("GET / HTTP/1.1\r\nhost: a\r\nx: \0\r\n\r\n", 33)),
            "a header field is malformed");
}

TEST(RequestHead, RefusesWhatIsNotHttp1) {
  for (const char* line : {"", "\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
                           "GET http://a/ HTTP/1.1\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n",
                           "get / HTTP/1.1\r\n\r\n", " / HTTP/1.1\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
                           "GET /\x01 HTTP/1.1\r\n\r\n", "GET /\xff HTTP/1.1\r\n\r\n",
                           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n"}) {
    EXPECT_EQ(MessageOf(line), "this is not an HTTP/1.1 request") << line;
  }
}

}  // namespace
}  // namespace credential_broker::http
