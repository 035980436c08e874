#include "http/html.h"

#include <string>

#include "gtest/gtest.h"

namespace credential_broker::http {
namespace {

TEST(Escape, LeavesTextAsItIs) {
  EXPECT_EQ(Escape("spiffe://prod/ns/orders/sa/*"), "spiffe://prod/ns/orders/sa/*");
  EXPECT_EQ(Escape("Ünïcode – 漢字 🙂"), "Ünïcode – 漢字 🙂");
}

TEST(Escape, MakesNoTagAndNoAttribute) {
  EXPECT_EQ(Escape("<script>alert('x')</script>"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
  EXPECT_EQ(Escape("\" onload=\"x&"), "&quot; onload=&quot;x&amp;");
}

TEST(Escape, ReplacesControlCharactersAndWhatIsNoUtf8) {
  const std::string replaced = "\xef\xbf\xbd";
  EXPECT_EQ(Escape(std::string("a\0b\x1b\x7f", 5)), "a" + replaced + "b" + replaced + replaced);
  EXPECT_EQ(Escape("\xc2\x9b"), replaced);  // U+009B
  EXPECT_EQ(Escape("\xff<"), replaced + "&lt;");
  EXPECT_EQ(Escape("\xe6\xbc"), replaced + replaced);  // cut short
  EXPECT_EQ(Escape("\xc0\xbc"), replaced + replaced);  // overlong "<"
  EXPECT_EQ(Escape("\xe2<>"), replaced + "&lt;&gt;");
  EXPECT_EQ(Escape("\xed\xa0\x80"), replaced + replaced + replaced);  // a surrogate
}

TEST(Escape, CutsWhatIsLong) {
  std::string text;
  for (int i = 0; i < 400; ++i) {
    text += "é";
  }
  const std::string escaped = Escape(text);
  EXPECT_EQ(escaped.size(), 300 * 2 + 3U);
  EXPECT_TRUE(escaped.ends_with("é…"));
}

TEST(Texts, AreShort) {
  EXPECT_EQ(DurationText(-absl::Seconds(3)), "0s");
  EXPECT_EQ(DurationText(absl::Milliseconds(59'999)), "59s");
  EXPECT_EQ(DurationText(absl::Seconds(298)), "4m 58s");
  EXPECT_EQ(DurationText(absl::Minutes(185)), "3h 05m");
  EXPECT_EQ(DurationText(absl::Hours(52)), "2d 4h");
  EXPECT_EQ(LatencyText(absl::Microseconds(840)), "0.8 ms");
  EXPECT_EQ(LatencyText(absl::Milliseconds(12)), "12 ms");
  EXPECT_EQ(LatencyText(absl::Milliseconds(1432)), "1.4 s");
  EXPECT_EQ(TimeText(absl::FromUnixSeconds(1767323045)), "2026-01-02 03:04:05 UTC");
}

}  // namespace
}  // namespace credential_broker::http
