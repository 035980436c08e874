#include "http/pages.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::http {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

Pages TwoPages() {
  return {{"/a", [] { return Text(200, "page a"); }}, {"/b", [] { return Text(503, "page b"); }}};
}

TEST(Pages, AnswersGetAndHead) {
  EXPECT_EQ(Answer(TwoPages(), "GET", "/a").body, "page a\n");
  EXPECT_EQ(Answer(TwoPages(), "GET", "/b").status, 503);
  EXPECT_EQ(Answer(TwoPages(), "HEAD", "/a").body, "page a\n");
}

TEST(Pages, AreFoundByPathAndQueryBeforePathAlone) {
  Pages pages = TwoPages();
  pages.emplace("/a?verbose", [] { return Text(200, "page a with details"); });
  EXPECT_EQ(Answer(pages, "GET", "/a?verbose").body, "page a with details\n");
  EXPECT_EQ(Answer(pages, "GET", "/a?x=1").body, "page a\n");
  EXPECT_EQ(Answer(pages, "GET", "/a").body, "page a\n");
  EXPECT_EQ(Answer(pages, "GET", "/b?verbose").body, "page b\n");
  EXPECT_EQ(Answer(pages, "GET", "/c?verbose").status, 404);
}

TEST(Pages, TellsWhatThereIs) {
  const Response answer = Answer(TwoPages(), "GET", "/c");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, "there is no such page; there are: /a /b\n");
  EXPECT_EQ(Answer(TwoPages(), "POST", "/c").status, 404);
}

TEST(Pages, TakesNoOtherMethod) {
  const Response answer = Answer(TwoPages(), "POST", "/a");
  EXPECT_EQ(answer.status, 405);
  EXPECT_THAT(HeadersOf(answer), Contains(Pair("allow", "GET, HEAD")));
}

TEST(Pages, LetNothingInFromOutside) {
  EXPECT_THAT(HeadersOf(Text(200, "x")),
              Contains(Pair("content-security-policy", HasSubstr("default-src 'none'"))));
  EXPECT_THAT(HeadersOf(Text(200, "x")), Contains(Pair("content-length", "2")));
  EXPECT_THAT(HeadersOf(Text(200, "x")), Not(Contains(Pair("allow", HasSubstr("GET")))));
}

}  // namespace
}  // namespace credential_broker::http
