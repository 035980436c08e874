#include "config/yaml_document.h"

#include <string>

#include "base/strings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::config {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string DocumentError(std::string_view text) {
  Problems problems("f");
  const bool read = ReadYaml(text, problems).has_value();
  const absl::Status status = problems.ToStatus();
  EXPECT_TRUE(read || !status.ok()) << text;
  return status.ok() ? "OK" : std::string(status.message());
}

TEST(ReadYaml, KeepsLinesOrderAndQuotes) {
  Problems problems("f");
  const std::optional<YamlNode> root =
      ReadYaml("b: 1\n\na:\n- x\n- 'y'\nn: ~\nt: |\n  block\n", problems);
  ASSERT_TRUE(root.has_value());
  EXPECT_TRUE(problems.empty());
  ASSERT_EQ(root->kind, YamlNode::Kind::kMap);
  ASSERT_EQ(root->entries.size(), 4U);
  EXPECT_EQ(root->entries[0].key, "b");
  EXPECT_EQ(root->entries[0].value.text, "1");
  EXPECT_FALSE(root->entries[0].value.quoted);
  const YamlEntry& list = root->entries[1];
  EXPECT_EQ(list.line, 3);
  ASSERT_EQ(list.value.items.size(), 2U);
  EXPECT_EQ(list.value.items[0].line, 4);
  EXPECT_FALSE(list.value.items[0].quoted);
  EXPECT_EQ(list.value.items[1].line, 5);
  EXPECT_TRUE(list.value.items[1].quoted);
  EXPECT_EQ(root->entries[2].value.kind, YamlNode::Kind::kNull);
  EXPECT_TRUE(root->entries[3].value.quoted);
  EXPECT_EQ(root->entries[3].value.text, "block");
}

TEST(ReadYaml, TakesJsonMarksAndWindowsLineEnds) {
  EXPECT_EQ(DocumentError(R"({"a": [1, {"b": "c"}]})"), "OK");
  EXPECT_EQ(DocumentError("\xef\xbb\xbf"
                          "a: 1\n"),
            "OK");
  EXPECT_EQ(DocumentError("a: 1\r\nb: 2\r\n"), "OK");
  EXPECT_EQ(DocumentError("---\na: 1\n...\n"), "OK");
  EXPECT_EQ(DocumentError("a: \"\\u00e9\" # caf\xc3\xa9\t tab\n"), "OK");
}

TEST(ReadYaml, ReportsDuplicatesAndKeepsTheFirst) {
  Problems problems("f");
  const std::optional<YamlNode> root =
      ReadYaml("a:\n- b: 1\n  c: {d: 1, d: 2}\n  b: 3\n", problems);
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(problems.ToStatus().message(),
            "f:3: a[0].c.d: duplicate key, first on line 3; leave one of them\n"
            "f:4: a[0].b: duplicate key, first on line 2; leave one of them");
  const YamlNode& item = root->entries[0].value.items[0];
  ASSERT_EQ(item.entries.size(), 2U);
  EXPECT_EQ(item.entries[0].value.text, "1");
  ASSERT_EQ(item.entries[1].value.entries.size(), 1U);
  EXPECT_EQ(item.entries[1].value.entries[0].value.text, "1");
}

TEST(ReadYaml, RefusesWhatHidesWhatTheFileSays) {
  EXPECT_EQ(DocumentError("a: &x 1\nb: 2\n"),
            "f:1: not usable as YAML: anchors (&) and aliases (*) are not supported; write the "
            "value out");
  EXPECT_THAT(DocumentError("a: 1\nb: *x\n"), StartsWith("f:2: not usable as YAML"));
  EXPECT_THAT(DocumentError("a: &x {b: 1}\nc: *x\n"), HasSubstr("anchors"));
  EXPECT_THAT(DocumentError("&a a: 1\n"), HasSubstr("anchors"));
  EXPECT_THAT(DocumentError("a: 1\n<<: {b: 2}\n"),
              HasSubstr("f:2: not usable as YAML: merge keys"));
  EXPECT_THAT(DocumentError("a: !!int 1\n"), HasSubstr("tags (!)"));
  EXPECT_THAT(DocumentError("a: !x [1]\n"), HasSubstr("tags (!)"));
  EXPECT_THAT(DocumentError("a: 1\n---\nb: 2\n"), HasSubstr("a second document starts here"));
  EXPECT_THAT(DocumentError("a: 1\n---\n"), HasSubstr("a second document starts here"));
  EXPECT_THAT(DocumentError("? [a]\n: 1\n"), HasSubstr("a key must be text"));
  EXPECT_THAT(DocumentError("{a: 1}: 1\n"), HasSubstr("a key must be text"));
  EXPECT_THAT(DocumentError("~: 1\n"), HasSubstr("a key is missing"));
}

TEST(ReadYaml, RefusesWhatIsNoText) {
  EXPECT_EQ(DocumentError("a: 1\n\tb: 2\n"), "f:2: a tab indents this line; YAML wants spaces");
  EXPECT_EQ(DocumentError("a:\n  \tb: 2\n"), "f:2: a tab indents this line; YAML wants spaces");
  EXPECT_EQ(DocumentError("a: 1\nb: \xff\n"), "f:2: not UTF-8 text; save the file as UTF-8");
  EXPECT_EQ(DocumentError(std::string_view("a: 1\nb: \0\n", 9)),
            "f:2: holds a control character; remove it");
  EXPECT_EQ(DocumentError("a: \x1b[31m\n"), "f:1: holds a control character; remove it");
  EXPECT_EQ(DocumentError(std::string(kMaxYamlSize + 1, ' ')),
            "f:1: larger than 1 MiB, which no configuration is");
}

TEST(ReadYaml, NamesTheLineOfASyntaxError) {
  EXPECT_EQ(DocumentError("a: 1\nb: [1, 2\nc: 3\n").substr(0, 23), "f:3: not usable as YAML");
  EXPECT_EQ(DocumentError("a: 1\n b: 2\n").substr(0, 23), "f:2: not usable as YAML");
}

TEST(ReadYaml, RepeatsNothingOfTheFileInASyntaxError) {
  EXPECT_EQ(DocumentError("a: \"\\q\"\n"), "f:1: not usable as YAML: unknown escape character");
  EXPECT_EQ(DocumentError("%YAML secret\n---\na: 1\n"),
            "f:1: not usable as YAML: bad YAML version");
}

TEST(ReadYaml, BoundsNesting) {
  std::string deep;
  for (int i = 0; i < 16; ++i) {
    deep = StrCat("[", deep, "]");
  }
  EXPECT_EQ(DocumentError(deep), "OK");
  EXPECT_THAT(DocumentError(StrCat("[", deep, "]")), HasSubstr("nested too deep"));
  const std::size_t much = 100000;
  EXPECT_THAT(DocumentError(std::string(much, '[')), HasSubstr("not usable as YAML"));
  EXPECT_THAT(DocumentError(std::string(much, '{')), HasSubstr("not usable as YAML"));
  std::string question;
  std::string dashes;
  for (std::size_t i = 0; i < much; ++i) {
    question += "? ";
    dashes += "- ";
  }
  EXPECT_THAT(DocumentError(question), HasSubstr("not usable as YAML"));
  EXPECT_THAT(DocumentError(dashes), HasSubstr("nested too deep"));
}

// What would cost quadratic time ends by the test's time limit.
TEST(ReadYaml, TakesTheLargestFilesInShortTime) {
  std::string keys;
  for (int i = 0; keys.size() < kMaxYamlSize - 20; ++i) {
    keys += StrCat("k", i, ": 1\n");
  }
  EXPECT_EQ(DocumentError(keys), "OK");
  EXPECT_EQ(DocumentError("a: " + std::string(kMaxYamlSize - 10, 'x')), "OK");
  EXPECT_THAT(DocumentError(std::string(kMaxYamlSize - 10, '\n')), HasSubstr("is empty"));
}

}  // namespace
}  // namespace credential_broker::config
