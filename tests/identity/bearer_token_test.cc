#include "identity/bearer_token.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/strings.h"
#include "core/reason.h"

namespace credential_broker::identity {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kCanary = "c4n4ry";

std::string Jwt(std::string_view payload) {
  return StrCat("eyJhbGciOiJSUzI1NiJ9.", absl::WebSafeBase64Escape(ToAbsl(payload)),
                ".c2lnbmF0dXJl");
}

void ExpectRefused(const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  ASSERT_TRUE(DetailsOf(status).has_value());
  EXPECT_EQ(DetailsOf(status)->reason, Reason::kCallerUnauthenticated);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr(std::string(kCanary))));
}

TEST(BearerTokenIn, TakesTheSchemeInAnyCase) {
  EXPECT_EQ(*BearerTokenIn("Bearer a.b.c"), "a.b.c");
  EXPECT_EQ(*BearerTokenIn("bearer a.b.c"), "a.b.c");
  EXPECT_EQ(*BearerTokenIn("BEARER   a.b.c "), "a.b.c");
}

TEST(BearerTokenIn, RefusesAnythingElse) {
  for (const std::string& header :
       {std::string(), std::string("Bearer"), std::string("Bearer  "), std::string("Basic c4n4ry"),
        std::string("c4n4ry"), std::string("Bearerc4n4ry"),
        StrCat("Bearer c4n4ry", std::string(kLargestBearerToken, 'x'))}) {
    ExpectRefused(BearerTokenIn(header).status());
  }
}

TEST(ReadTokenClaims, ReadsWhenTheTokenEnds) {
  const auto claims = ReadTokenClaims(Jwt(R"({"iss":"https://k8s","exp":1800000000,"aud":["a"]})"));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->expires_at, absl::FromUnixSeconds(1'800'000'000));
}

TEST(ReadTokenClaims, ATokenMayHaveNoEnd) {
  const auto claims = ReadTokenClaims(Jwt(R"({"iss":"kubernetes/serviceaccount"})"));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->expires_at, std::nullopt);
}

TEST(ReadTokenClaims, ReadsWhoseTheTokenClaimsToBe) {
  const auto claims = ReadTokenClaims(Jwt(R"({"iss":"k8s","sub":"system:serviceaccount:n:a"})"));
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->subject, "system:serviceaccount:n:a");
  for (const char* without : {R"({"iss":"k8s"})", R"({"iss":"k8s","sub":null})",
                              R"({"iss":"k8s","sub":1})", R"({"iss":"k8s","sub":{"sub":"a"}})"}) {
    const auto none = ReadTokenClaims(Jwt(without));
    ASSERT_TRUE(none.ok()) << none.status();
    EXPECT_EQ(none->subject, "") << without;
  }
}

TEST(ReadTokenClaims, RefusesWhatNoApiServerCouldAccept) {
  for (const std::string& token :
       {std::string("c4n4ry"), std::string("c4n4ry.c4n4ry"), std::string("a.b.c.d"),
        std::string("a..c"), std::string(".."), std::string("eyJ9.eyJ9.eyJ9"), Jwt("c4n4ry"),
        Jwt("[]"), Jwt("{}"), Jwt(R"({"iss":1})"), Jwt(R"({"sub":"c4n4ry"})"),
        Jwt(R"({"iss":"a","iss":"b"})"), Jwt(R"({"iss":"a","sub":"b","sub":"c"})"),
        StrCat(Jwt(R"({"iss":"a"})"), " "), StrCat(Jwt(R"({"iss":"a"})"), "\""),
        std::string("é.é.é")}) {
    SCOPED_TRACE(token);
    ExpectRefused(ReadTokenClaims(token).status());
  }
}

}  // namespace
}  // namespace credential_broker::identity
