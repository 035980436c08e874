#include "rpc/wire_text.h"

#include "gtest/gtest.h"

namespace credential_broker::rpc {
namespace {

TEST(PercentEncode, LeavesPrintableAsciiButPercent) {
  EXPECT_EQ(PercentEncode("no such key: {a/b}~"), "no such key: {a/b}~");
  EXPECT_EQ(PercentEncode("100%"), "100%25");
}

TEST(PercentEncode, EncodesControlCharactersAndUtf8) {
  EXPECT_EQ(PercentEncode("\t\r\n\x7f"), "%09%0D%0A%7F");
  EXPECT_EQ(PercentEncode("\xe2\x98\xba"), "%E2%98%BA");
  EXPECT_EQ(PercentEncode(std::string(1, '\0')), "%00");
}

TEST(EncodeBinary, HasNoPadding) {
  EXPECT_EQ(EncodeBinary(""), "");
  EXPECT_EQ(EncodeBinary("a"), "YQ");
  EXPECT_EQ(EncodeBinary("ab"), "YWI");
  EXPECT_EQ(EncodeBinary("abc"), "YWJj");
  EXPECT_EQ(EncodeBinary("\xfb\xff"), "+/8");
}

TEST(DecodeBinary, TakesPaddedAndUnpadded) {
  EXPECT_EQ(DecodeBinary(""), "");
  EXPECT_EQ(DecodeBinary("YQ=="), "a");
  EXPECT_EQ(DecodeBinary("YQ"), "a");
  EXPECT_EQ(DecodeBinary("YWI="), "ab");
  EXPECT_EQ(DecodeBinary("YWI"), "ab");
  EXPECT_EQ(DecodeBinary("YWJj"), "abc");
  EXPECT_EQ(DecodeBinary("+/8"), "\xfb\xff");
}

TEST(DecodeBinary, RefusesAllElse) {
  for (const char* text : {"Y", "YQ=", "YQ===", "=", "==", "====", "Y=Q=", "Y Q=", "YW Jj",
                           "YWJj\n", "-_8", "YQ.=", "YQ,YQ", "YWJjZ"}) {
    EXPECT_EQ(DecodeBinary(text), std::nullopt) << text;
  }
}

TEST(IsBinaryName, GoesByTheSuffix) {
  EXPECT_TRUE(IsBinaryName("trace-bin"));
  EXPECT_FALSE(IsBinaryName("-bin"));
  EXPECT_FALSE(IsBinaryName("bin"));
  EXPECT_FALSE(IsBinaryName("trace-bin2"));
}

}  // namespace
}  // namespace credential_broker::rpc
