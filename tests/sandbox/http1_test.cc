#include "sandbox/http1.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

namespace credential_broker::sandbox {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

RequestHead Parsed(std::string_view text) {
  auto result = ParseHead(text);
  EXPECT_TRUE(std::holds_alternative<RequestHead>(result)) << text;
  return std::holds_alternative<RequestHead>(result) ? std::get<RequestHead>(result)
                                                     : RequestHead{};
}

TEST(ParseHead, TakesWhatTheSandboxUses) {
  const RequestHead head = Parsed(
      "POST /auth/login/ HTTP/1.1\r\nHost: x\r\nCONTENT-length: 12\r\n"
      "authorization:  Bearer abc \r\nExpect: 100-continue\r\nX-Empty:");
  EXPECT_EQ(head.request.method, "POST");
  EXPECT_EQ(head.request.path, "/auth/login/");
  EXPECT_THAT(head.request.query, IsEmpty());
  EXPECT_EQ(head.request.authorization, "Bearer abc");
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_TRUE(head.request.keep_alive);
}

TEST(ParseHead, TakesAQueryApart) {
  EXPECT_THAT(
      Parsed("GET /w?logins=2&a%20b=c+%2f&flag&%zz=%4 HTTP/1.1").request.query,
      ElementsAre(Pair("logins", "2"), Pair("a b", "c /"), Pair("flag", ""), Pair("%zz", "%4")));
}

TEST(ParseHead, KnowsWhetherTheConnectionGoesOn) {
  EXPECT_FALSE(Parsed("GET / HTTP/1.0").request.keep_alive);
  EXPECT_TRUE(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive").request.keep_alive);
  EXPECT_FALSE(Parsed("GET / HTTP/1.1\r\nConnection: Close").request.keep_alive);
}

struct BadHead {
  const char* text;
  int status;
};

class ParseBadHead : public ::testing::TestWithParam<BadHead> {};

TEST_P(ParseBadHead, IsRefused) {
  const auto result = ParseHead(GetParam().text);
  ASSERT_TRUE(std::holds_alternative<BadRequest>(result));
  EXPECT_EQ(std::get<BadRequest>(result).status, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    Each, ParseBadHead,
    ::testing::Values(BadHead{"", 400}, BadHead{"GET /", 400}, BadHead{"GET / HTTP/2.0", 400},
                      BadHead{"GET  / HTTP/1.1", 400}, BadHead{"GET http://x/ HTTP/1.1", 400},
                      BadHead{" / HTTP/1.1", 400}, BadHead{"GET / HTTP/1.1\r\nno colon", 400},
                      BadHead{"GET / HTTP/1.1\r\n: x", 400},
                      BadHead{"GET / HTTP/1.1\r\na : x", 400},
                      BadHead{"GET / HTTP/1.1\r\na: x\r\n folded: y", 400},
                      BadHead{"POST / HTTP/1.1\r\nContent-Length: -1", 400},
                      BadHead{"POST / HTTP/1.1\r\nContent-Length: 1x", 400},
                      BadHead{"POST / HTTP/1.1\r\nContent-Length:", 400},
                      BadHead{"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1", 400},
                      BadHead{"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999", 400},
                      BadHead{"POST / HTTP/1.1\r\nContent-Length: 65537", 413},
                      BadHead{"POST / HTTP/1.1\r\nTransfer-Encoding: chunked", 411}));

// Gives `input` away in pieces of `step` bytes.
class FakeStream : public ByteStream {
 public:
  FakeStream(std::string input, std::size_t step) : input_(std::move(input)), step_(step) {}
  std::size_t Read(char* data, std::size_t size) override {
    const std::size_t take = std::min({size, step_, input_.size() - at_});
    input_.copy(data, take, at_);
    at_ += take;
    return take;
  }
  bool Write(std::string_view bytes) override {
    written.append(bytes);
    return true;
  }
  std::string written;

 private:
  std::string input_;
  std::size_t step_;
  std::size_t at_ = 0;
};

class ReadInPieces : public ::testing::TestWithParam<std::size_t> {};

TEST_P(ReadInPieces, GivesEachRequestOfAConnection) {
  FakeStream stream(
      "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyz"
      "GET /b HTTP/1.1\r\n\r\n",
      GetParam());
  RequestReader reader(stream);
  const auto first = reader.Next();
  ASSERT_TRUE(std::holds_alternative<Request>(first));
  EXPECT_EQ(std::get<Request>(first).body, "xyz");
  const auto second = reader.Next();
  ASSERT_TRUE(std::holds_alternative<Request>(second));
  EXPECT_EQ(std::get<Request>(second).path, "/b");
  EXPECT_TRUE(std::holds_alternative<EndOfStream>(reader.Next()));
  EXPECT_THAT(stream.written, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Each, ReadInPieces, ::testing::Values(1, 2, 7, 4096));

TEST(RequestReader, AsksForABodyThatWaitsToBeAskedFor) {
  FakeStream stream("PUT /a HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx", 1);
  RequestReader reader(stream);
  EXPECT_TRUE(std::holds_alternative<Request>(reader.Next()));
  EXPECT_EQ(stream.written, "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST(RequestReader, EndsWhereTheStreamDoes) {
  for (const char* text : {"", "GET", "GET / HTTP/1.1\r\n",
                           "PUT / HTTP/1.1\r\n"
                           "Content-Length: 2\r\n\r\nx"}) {
    FakeStream stream(text, 4096);
    EXPECT_TRUE(std::holds_alternative<EndOfStream>(RequestReader(stream).Next())) << text;
  }
}

TEST(RequestReader, RefusesAHeadWithoutEnd) {
  FakeStream stream("GET / HTTP/1.1\r\nx: " + std::string(2 * kMaxHead, 'x'), 4096);
  const auto result = RequestReader(stream).Next();
  ASSERT_TRUE(std::holds_alternative<BadRequest>(result));
  EXPECT_EQ(std::get<BadRequest>(result).status, 431);
}

TEST(Serialize, WritesAWholeAnswer) {
  Reply reply;
  reply.body = "{}";
  reply.headers.emplace_back("Date", "now");
  EXPECT_EQ(Serialize(reply),
            "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\n\r\n{}");
}

TEST(Serialize, SaysThatTheConnectionEnds) {
  Reply reply;
  reply.close = true;
  EXPECT_THAT(Serialize(reply), ::testing::HasSubstr("Connection: close\r\n"));
}

TEST(Serialize, GivesNoBodyToAnswersThatHaveNone) {
  Reply reply;
  reply.status = 204;
  reply.body = "{}";
  EXPECT_EQ(Serialize(reply), "HTTP/1.1 204 No Content\r\n\r\n");
}

}  // namespace
}  // namespace credential_broker::sandbox
