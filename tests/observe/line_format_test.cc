#include "observe/line_format.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::observe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// NOLINTNEXTLINE(bugprone-throwing-static-initialization): it does not throw
const absl::Time kTime = absl::FromUnixMillis(1767323045678);

std::string Json(const std::vector<Field>& fields) {
  return FormatJson({kTime, LogLevel::kInfo, "e", fields});
}

std::string Text(const std::vector<Field>& fields) {
  return FormatText({kTime, LogLevel::kInfo, "e", fields});
}

// What stands for `value` in the two forms.
std::pair<std::string, std::string> Forms(std::string_view value) {
  constexpr std::string_view kJsonHead =
      R"({"time":"2026-01-02T03:04:05.678Z","level":"info","event":"e","k":)";
  constexpr std::string_view kTextHead = "03:04:05.678 INFO  e k=";
  const std::vector<Field> fields = {{"k", value}};
  const std::string json = Json(fields);
  const std::string text = Text(fields);
  EXPECT_TRUE(json.starts_with(kJsonHead)) << json;
  EXPECT_TRUE(json.ends_with('}')) << json;
  EXPECT_TRUE(text.starts_with(kTextHead)) << text;
  return {json.substr(kJsonHead.size(), json.size() - kJsonHead.size() - 1),
          text.substr(kTextHead.size())};
}

TEST(LineFormat, WritesEveryKindOfValueInOrder) {
  const std::vector<Field> fields = {{"s", "text"},
                                     {"i", -7},
                                     {"u", std::numeric_limits<std::uint64_t>::max()},
                                     {"d", 0.25},
                                     {"whole", 300.0},
                                     {"b", true},
                                     {"seconds", absl::Milliseconds(1234)},
                                     {"tiny", absl::Nanoseconds(1999)},
                                     {"at", kTime},
                                     {"nan", std::numeric_limits<double>::quiet_NaN()},
                                     {"never", absl::InfiniteDuration()},
                                     {"end", absl::InfiniteFuture()}};
  EXPECT_EQ(Json(fields),
            R"({"time":"2026-01-02T03:04:05.678Z","level":"info","event":"e","s":"text","i":-7,)"
            R"("u":18446744073709551615,"d":0.25,"whole":300,"b":true,"seconds":1.234,)"
            R"("tiny":1e-06,"at":"2026-01-02T03:04:05.678Z","nan":null,"never":null,"end":null})");
  EXPECT_EQ(Text(fields),
            "03:04:05.678 INFO  e s=text i=-7 u=18446744073709551615 d=0.25 whole=300 b=true "
            "seconds=1.234 tiny=1e-06 at=2026-01-02T03:04:05.678Z nan=null never=null end=null");
}

TEST(LineFormat, WritesLevels) {
  EXPECT_EQ(FormatJson({kTime, LogLevel::kWarn, "draining", {}}),
            R"({"time":"2026-01-02T03:04:05.678Z","level":"warn","event":"draining"})");
  EXPECT_EQ(FormatText({kTime, LogLevel::kWarn, "draining", {}}), "03:04:05.678 WARN  draining");
  EXPECT_EQ(FormatText({kTime, LogLevel::kError, "e", {}}), "03:04:05.678 ERROR e");
  EXPECT_EQ(FormatText({kTime, LogLevel::kDebug, "e", {}}), "03:04:05.678 DEBUG e");
}

TEST(LineFormat, StaysOneLineOfAsciiWhateverAValueHolds) {
  using Both = std::pair<std::string, std::string>;
  const std::vector<std::pair<std::string, Both>> table = {
      {"plain", {R"("plain")", "plain"}},
      {"", {R"("")", R"("")"}},
      {"a b", {R"("a b")", R"("a b")"}},
      {"a=b", {R"("a=b")", R"("a=b")"}},
      {"say \"x\"", {R"("say \"x\"")", R"("say \"x\"")"}},
      {"C:\\", {R"("C:\\")", R"("C:\\")"}},
      {"a\nevent=token_issued", {R"("a\nevent=token_issued")", R"("a\nevent=token_issued")"}},
      {"\r\t\x1b[2J\x7f", {R"("\r\t\u001b[2J\u007f")", R"("\r\t\u001b[2J\u007f")"}},
      {std::string("\0", 1), {R"("\u0000")", R"("\u0000")"}},
      {"\xc2\x9b", {R"("\u009b")", R"("\u009b")"}},      // a terminal's other ESC [
      {"\xe2\x80\xa8", {R"("\u2028")", R"("\u2028")"}},  // a line separator
      {"\xff|\xc3", {R"("\ufffd|\ufffd")", R"("\ufffd|\ufffd")"}},
      {"\xed\xa0\x80", {R"("\ufffd\ufffd\ufffd")", R"("\ufffd\ufffd\ufffd")"}},
  };
  for (const auto& [value, forms] : table) {
    EXPECT_EQ(Forms(value), forms);
  }
}

TEST(LineFormat, EscapesEventsAndKeysToo) {
  EXPECT_THAT(Json({{"a\n\"", 1}}), HasSubstr(R"(,"a\n\"":1})"));
  EXPECT_THAT(Text({{"a\n", 1}}), HasSubstr(R"( "a\n"=1)"));
  EXPECT_THAT(FormatText({kTime, LogLevel::kInfo, "a\nb", {}}), Not(HasSubstr("\n")));
}

TEST(LineFormat, CutsLongTextsBetweenCharacters) {
  const std::string longest(2048, 'x');
  EXPECT_EQ(Forms(longest).first, StrCat("\"", longest, "\""));
  EXPECT_EQ(Forms(longest + "y").first, StrCat("\"", longest, "\\u2026\""));
  EXPECT_EQ(Forms(longest + "y").second, StrCat("\"", longest, "\\u2026\""));
  const std::string before(2046, 'x');
  EXPECT_EQ(Forms(before + "\xe2\x82\xac").first, StrCat("\"", before, "\\u2026\""));
  EXPECT_LE(Forms(std::string(1'000'000, '\x80')).first.size(), 2048U * 6 + 6 + 2);
}

}  // namespace
}  // namespace credential_broker::observe
