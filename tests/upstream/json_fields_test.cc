#include "upstream/json_fields.h"

#include <gtest/gtest.h>

#include <string>

namespace credential_broker::upstream {
namespace {

using Kind = JsonField::Kind;

Kind KindOf(std::string_view json) {
  JsonField field;
  EXPECT_TRUE(ReadJsonFields(json, {{"a", &field}}).ok()) << json;
  return field.kind;
}

TEST(JsonFields, TellsTheKinds) {
  EXPECT_EQ(KindOf(R"({})"), Kind::kAbsent);
  EXPECT_EQ(KindOf(R"({"b":1})"), Kind::kAbsent);
  EXPECT_EQ(KindOf(R"({"a":null})"), Kind::kNull);
  EXPECT_EQ(KindOf(R"({"a":1})"), Kind::kNumber);
  EXPECT_EQ(KindOf(R"({"a":"1"})"), Kind::kString);
  EXPECT_EQ(KindOf(R"({"a":true})"), Kind::kOther);
  EXPECT_EQ(KindOf(R"({"a":[{"a":1}]})"), Kind::kOther);
  EXPECT_EQ(KindOf(R"({"a":{"a":1}})"), Kind::kOther);
}

TEST(JsonFields, LooksAtTheOutermostObjectOnly) {
  EXPECT_EQ(KindOf(R"({"x":{"a":1},"y":[{"a":"s"}],"b":2})"), Kind::kAbsent);
  EXPECT_EQ(KindOf(R"({"x":{"a":1},"a":"s"})"), Kind::kString);
  EXPECT_EQ(KindOf(R"({"a":[1],"b":"s"})"), Kind::kOther);
}

TEST(JsonFields, ReadsNumbersOfEverySign) {
  for (const auto& [json, number] :
       {std::pair(R"({"a":-5})", -5.0), std::pair(R"({"a":5})", 5.0),
        std::pair(R"({"a":-2.5e1})", -25.0),
        std::pair(R"({"a":18446744073709551615})", 18446744073709551615.0)}) {
    JsonField field;
    ASSERT_TRUE(ReadJsonFields(json, {{"a", &field}}).ok());
    EXPECT_DOUBLE_EQ(field.number, number);
  }
}

TEST(JsonFields, AllowsSixteenLevels) {
  const auto nested = [](std::size_t levels) {
    return R"({"b":)" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };
  EXPECT_TRUE(ReadJsonFields(nested(16), {}).ok());
  EXPECT_FALSE(ReadJsonFields(nested(17), {}).ok());
}

TEST(JsonFields, AMemberThatNobodyWantsMayStandTwice) {
  EXPECT_TRUE(ReadJsonFields(R"({"b":1,"b":2})", {}).ok());
}

}  // namespace
}  // namespace credential_broker::upstream
