#include "sandbox/grant_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace credential_broker::sandbox {
namespace {

using ::testing::HasSubstr;
using OrderedJson = nlohmann::ordered_json;

SandboxGrant Grant() {
  return {"the.access.token", "the-refresh-token", absl::Seconds(300),
          absl::FromUnixSeconds(1700000300)};
}

OrderedJson Body(Expiry expiry) {
  return OrderedJson::parse(GrantReply(Grant(), expiry, BodyKind::kNormal).body);
}

TEST(GrantReply, IsThatOfThePages) {
  const Reply reply = GrantReply(Grant(), Expiry::kExpiresInString, BodyKind::kNormal);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_EQ(reply.body,
            R"({"access_token":"the.access.token","token_type":"Bearer","expires_in":"300",)"
            R"("refresh_token":"the-refresh-token"})");
}

struct Shape {
  Expiry expiry;
  const char* fields;
};

class ExpiryShape : public ::testing::TestWithParam<Shape> {};

TEST_P(ExpiryShape, StandsInTheseFields) {
  OrderedJson body = Body(GetParam().expiry);
  body.erase("access_token");
  body.erase("refresh_token");
  body.erase("token_type");
  EXPECT_EQ(body.dump(), GetParam().fields);
}

INSTANTIATE_TEST_SUITE_P(
    Each, ExpiryShape,
    ::testing::Values(
        Shape{Expiry::kExpiresInString, R"({"expires_in":"300"})"},
        Shape{Expiry::kExpiresInNumber, R"({"expires_in":300})"},
        Shape{Expiry::kExpiresAtString, R"({"expires_at":"300"})"},
        Shape{Expiry::kExpiresAtNumber, R"({"expires_at":300})"},
        Shape{Expiry::kInstantNumber, R"({"expires_at":1700000300})"},
        Shape{Expiry::kInstantString, R"({"expires_at":"1700000300"})"},
        Shape{Expiry::kInstantInExpiresIn, R"({"expires_in":1700000300})"},
        Shape{Expiry::kJwtOnly, "{}"},
        Shape{Expiry::kSeveralAtFirst, R"({"expires_in":"600","expires_at":1700000300})"},
        Shape{Expiry::kSeveralInFirst, R"({"expires_in":"300","expires_at":1700000600})"},
        Shape{Expiry::kSeveralJwtFirst, R"({"expires_in":"600"})"},
        Shape{Expiry::kZero, R"({"expires_in":"0"})"},
        Shape{Expiry::kNegative, R"({"expires_in":"-1"})"}, Shape{Expiry::kMissing, "{}"},
        Shape{Expiry::kNull, R"({"expires_in":null})"},
        Shape{Expiry::kGarbage, R"({"expires_in":"soon"})"},
        Shape{Expiry::kFraction, R"({"expires_in":300.5})"},
        Shape{Expiry::kOverflow, R"({"expires_in":"99999999999999999999"})"},
        Shape{Expiry::kIsoDate, R"({"expires_at":"2023-11-14T22:18:20+00:00"})"}));

Reply Spoilt(BodyKind kind) { return GrantReply(Grant(), Expiry::kExpiresInString, kind); }

OrderedJson Fields(BodyKind kind) { return OrderedJson::parse(Spoilt(kind).body); }

TEST(SpoiltBody, HasFieldsThatAreWrong) {
  EXPECT_TRUE(Fields(BodyKind::kWrongTypes)["access_token"].is_number());
  EXPECT_FALSE(Fields(BodyKind::kNoToken).contains("access_token"));
  EXPECT_TRUE(Fields(BodyKind::kNullToken)["access_token"].is_null());
  EXPECT_EQ(Fields(BodyKind::kEmptyToken)["access_token"], "");
  EXPECT_THAT(Fields(BodyKind::kBadToken)["access_token"].get<std::string>(), HasSubstr("é"));
  EXPECT_THAT(Fields(BodyKind::kControlToken)["access_token"].get<std::string>(),
              HasSubstr("\r\n"));
  EXPECT_FALSE(Fields(BodyKind::kNoRefreshToken).contains("refresh_token"));
  EXPECT_EQ(Fields(BodyKind::kOtherTokenType)["token_type"], "mac");
  EXPECT_TRUE(Fields(BodyKind::kArray).is_array());
}

TEST(SpoiltBody, IsNoJson) {
  for (const BodyKind kind : {BodyKind::kEmpty, BodyKind::kNotJson, BodyKind::kTruncatedJson,
                              BodyKind::kHtml, BodyKind::kInvalidUtf8}) {
    EXPECT_FALSE(OrderedJson::accept(Spoilt(kind).body)) << static_cast<int>(kind);
  }
}

TEST(SpoiltBody, IsTooMuch) {
  EXPECT_GT(Spoilt(BodyKind::kHuge).body.size(), 64U * 1024);
  EXPECT_TRUE(OrderedJson::accept(Spoilt(BodyKind::kHuge).body));
  EXPECT_EQ(Spoilt(BodyKind::kDeep).body.substr(0, 3), "[[[");
}

TEST(SpoiltBody, HasAnotherType) {
  EXPECT_EQ(Spoilt(BodyKind::kWrongContentType).content_type, "text/plain");
  EXPECT_THAT(Spoilt(BodyKind::kHtml).content_type, HasSubstr("text/html"));
}

TEST(SpoiltBody, IsCutInDelivery) {
  EXPECT_EQ(Spoilt(BodyKind::kCut).delivery, Delivery::kCut);
  EXPECT_EQ(Spoilt(BodyKind::kHuge).delivery, Delivery::kWhole);
}

}  // namespace
}  // namespace credential_broker::sandbox
