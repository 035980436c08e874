#include "upstream/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "absl/strings/escaping.h"
#include "base/strings.h"

namespace credential_broker::upstream {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The server's clock is an hour and a half ahead of our wall clock.
constexpr char kDate[] = "Tue, 14 Nov 2023 23:43:20 GMT";
constexpr int kServerNow = 1'700'005'400;
constexpr int kOurNow = 1'700'000'000;

AnswerTimes Times() {
  return {.sent_at = BootTime::FromSinceBoot(absl::Seconds(1000)),
          .received_at = BootTime::FromSinceBoot(absl::Seconds(1001)),
          .sent_wall = absl::FromUnixSeconds(kOurNow)};
}

std::string Jwt(const std::string& payload) {
  return "eyJhbGciOiJIUzI1NiJ9." + absl::WebSafeBase64Escape(payload) + ".c2lnbmF0dXJl";
}

struct Shape {
  const char* name;
  std::string body;
  double lifetime;  // seconds
  std::string date = kDate;
};

void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

// A whole answer around `lifetime`, the members that tell it.
std::string Opaque(const std::string& lifetime) {
  return R"({"access_token":"abc","token_type":"Bearer","refresh_token":"r",)" + lifetime + "}";
}

std::string WithJwt(const std::string& payload, const std::string& lifetime = R"("x":1)") {
  return R"({"access_token":")" + Jwt(payload) + R"(",)" + lifetime + "}";
}

std::string At(int instant) { return std::to_string(instant); }

class UsableAnswer : public ::testing::TestWithParam<Shape> {};

TEST_P(UsableAnswer, HasItsLifetime) {
  const absl::StatusOr<Grant> grant = ParseTokenAnswer(GetParam().body, GetParam().date, Times());
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_DOUBLE_EQ(absl::ToDoubleSeconds(grant->lifetime), GetParam().lifetime);
  EXPECT_EQ(grant->expires_at - Times().sent_at, grant->lifetime);
  EXPECT_EQ(grant->token_type, "Bearer");
}

// An instant loses up to a second: Date does not tell the fraction of its second.
INSTANTIATE_TEST_SUITE_P(
    Each, UsableAnswer,
    ::testing::Values(
        Shape{"ExpiresInAsString", Opaque(R"("expires_in":"300")"), 300},
        Shape{"ExpiresInAsNumber", Opaque(R"("expires_in":300)"), 300},
        Shape{"ExpiresAtAsString", Opaque(R"("expires_at":"300")"), 300},
        Shape{"ExpiresAtAsNumber", Opaque(R"("expires_at":300)"), 300},
        Shape{"Fraction", Opaque(R"("expires_in":300.5)"), 300.5},
        Shape{"FractionAsString", Opaque(R"("expires_in":"2.5")"), 2.5},
        Shape{"Exponent", Opaque(R"("expires_in":3e2)"), 300},
        Shape{"LongestDuration", Opaque(R"("expires_in":1000000000)"), 1e9},
        Shape{"Instant", Opaque(R"("expires_at":)" + At(kServerNow + 300)), 299},
        Shape{"InstantAsString", Opaque(R"("expires_at":")" + At(kServerNow + 300) + "\""), 299},
        Shape{"InstantInExpiresIn", Opaque(R"("expires_in":)" + At(kServerNow + 300)), 299},
        Shape{"InstantWithoutDate", Opaque(R"("expires_at":)" + At(kOurNow + 300)), 300, ""},
        Shape{"InstantWithBadDate", Opaque(R"("expires_at":)" + At(kOurNow + 300)), 300, "soon"},
        Shape{"EarliestIsExpiresIn", Opaque(R"("expires_in":100,"expires_at":200)"), 100},
        Shape{"EarliestIsExpiresAt", Opaque(R"("expires_in":300,"expires_at":200)"), 200},
        Shape{"NullCountsAsAbsent", Opaque(R"("expires_in":null,"expires_at":200)"), 200},
        Shape{"JwtAlone", WithJwt(R"({"exp":)" + At(kServerNow + 300) + "}"), 299},
        Shape{"JwtAloneWithoutDate", WithJwt(R"({"exp":)" + At(kOurNow + 300) + "}"), 300, ""},
        Shape{"JwtBoundsADuration",
              WithJwt(R"({"exp":)" + At(kServerNow + 200) + "}", R"("expires_in":300)"), 199},
        Shape{"JwtBoundsAnInstant",
              WithJwt(R"({"exp":)" + At(kServerNow + 200) + "}",
                      R"("expires_at":)" + At(kServerNow + 300)),
              199},
        Shape{"JwtDoesNotLengthen",
              WithJwt(R"({"exp":)" + At(kServerNow + 900) + "}", R"("expires_in":300)"), 300},
        // Our wall clock may be wrong: it must not shorten what the server told without it.
        Shape{"JwtBoundsNothingWithoutDate",
              WithJwt(R"({"exp":)" + At(kOurNow - 9000) + "}", R"("expires_in":300)"), 300, ""},
        Shape{"JwtWithoutExp", WithJwt(R"({"sub":"x"})", R"("expires_in":300)"), 300},
        Shape{"JwtThatIsNone", R"({"access_token":"a.b.c","expires_in":300})", 300},
        Shape{"NoTokenType", R"({"access_token":"abc","expires_in":300})", 300},
        Shape{"TokenTypeInLowerCase",
              R"({"access_token":"abc","token_type":"bearer","expires_in":300})", 300},
        Shape{"TokenTypeNull", R"({"access_token":"abc","token_type":null,"expires_in":300})", 300},
        Shape{"EveryTokenCharacter", R"({"access_token":"azAZ09-._~+\/==","expires_in":300})", 300},
        Shape{
            "OtherMembers",
            R"({"user":{"access_token":["x",{"expires_in":1}]},"access_token":"abc","expires_in":300})",
            300},
        Shape{"WhiteSpace", "\r\n\t {\"access_token\" : \"abc\" , \"expires_in\":300 } \n", 300}),
    [](const auto& row) { return std::string(row.param.name); });

struct Flaw {
  const char* name;
  std::string body;
  const char* error;
  std::string date = kDate;
};

void PrintTo(const Flaw& flaw, std::ostream* out) { *out << flaw.name; }

class UnusableAnswer : public ::testing::TestWithParam<Flaw> {};

constexpr char kCanaryToken[] = "canary-0f9e8d7c6b5a";

TEST_P(UnusableAnswer, SaysWhatIsWrongWithoutQuotingIt) {
  const absl::StatusOr<Grant> grant = ParseTokenAnswer(GetParam().body, GetParam().date, Times());
  ASSERT_FALSE(grant.ok());
  EXPECT_EQ(grant.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(grant.status().message()), HasSubstr(GetParam().error));
  EXPECT_THAT(grant.status().ToString(), Not(HasSubstr(kCanaryToken)));
}

// An answer whose token is the canary, with `members` beside it.
std::string Canary(const std::string& members) {
  return std::string(R"({"access_token":")") + kCanaryToken + "\"," + members + "}";
}

INSTANTIATE_TEST_SUITE_P(
    Each, UnusableAnswer,
    ::testing::Values(
        Flaw{"Empty", "", "not valid JSON"}, Flaw{"NoJson", kCanaryToken, "not valid JSON"},
        Flaw{"HtmlPage", "<html>canary-0f9e8d7c6b5a</html>", "not valid JSON at byte 1"},
        Flaw{"CutOff", Canary(R"("expires_in":300)").substr(0, 50), "not valid JSON"},
        Flaw{"TrailingText", Canary(R"("expires_in":300)") + kCanaryToken, "not valid JSON"},
        Flaw{"TwoObjects", Canary(R"("expires_in":300)") + "{}", "not valid JSON"},
        Flaw{"Array", R"(["canary-0f9e8d7c6b5a"])", "not a JSON object"},
        Flaw{"String", R"("canary-0f9e8d7c6b5a")", "not a JSON object"},
        Flaw{"Number", "300", "not a JSON object"}, Flaw{"Null", "null", "not a JSON object"},
        Flaw{"DeepArray", Canary(R"("a":)" + std::string(30'000, '[')), "nested deeper"},
        Flaw{
            "DeepObject",
            Canary(
                R"("a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{)"),
            "nested deeper"},
        Flaw{"InvalidUtf8", Canary("\"a\":\"\xff\""), "not valid JSON"},
        Flaw{"LoneSurrogate", Canary(R"("a":"\ud800")"), "not valid JSON"},
        Flaw{"NoToken", R"({"expires_in":300})", "`access_token` is missing"},
        Flaw{"NullToken", R"({"access_token":null,"expires_in":300})", "`access_token` is missing"},
        Flaw{"EmptyToken", R"({"access_token":"","expires_in":300})", "`access_token` is empty"},
        Flaw{"NumberToken", R"({"access_token":5,"expires_in":300})", "is not a string"},
        Flaw{"ObjectToken", R"({"access_token":{"a":"canary-0f9e8d7c6b5a"},"expires_in":300})",
             "`access_token` is not a string"},
        Flaw{"TokenWithSpace", R"({"access_token":"canary-0f9e8d7c6b5a x","expires_in":300})",
             "characters that no bearer token may have"},
        Flaw{"TokenWithNewline",
             R"({"access_token":"canary-0f9e8d7c6b5a\r\nx: y","expires_in":300})",
             "characters that no bearer token may have"},
        Flaw{"TokenWithNul", R"({"access_token":"canary-0f9e8d7c6b5a\u0000","expires_in":300})",
             "characters that no bearer token may have"},
        Flaw{"TokenBeyondAscii", R"({"access_token":"canary-0f9e8d7c6b5aé","expires_in":300})",
             "characters that no bearer token may have"},
        Flaw{"TokenOfPadding", R"({"access_token":"==","expires_in":300})", "`access_token`"},
        Flaw{"TokenPaddedInside", R"({"access_token":"canary-0f9e8d7c6b5a=x","expires_in":300})",
             "characters that no bearer token may have"},
        Flaw{"TwoTokens", R"({"access_token":"a","access_token":"b","expires_in":300})",
             "`access_token` stands there twice"},
        Flaw{"TwoLifetimes", Canary(R"("expires_in":null,"expires_in":300)"),
             "`expires_in` stands there twice"},
        Flaw{"OtherTokenType", Canary(R"("token_type":"MAC","expires_in":300)"),
             "`token_type` is not Bearer"},
        Flaw{"NumberTokenType", Canary(R"("token_type":1,"expires_in":300)"), "`token_type`"},
        Flaw{"NumberRefreshToken", Canary(R"("refresh_token":1,"expires_in":300)"),
             "`refresh_token` is not a string"},
        Flaw{"NoLifetime", Canary(R"("token_type":"Bearer")"), "`expires_in` is missing"},
        Flaw{"NullLifetimes", Canary(R"("expires_in":null,"expires_at":null)"), "is missing"},
        Flaw{"JwtAloneWithoutExp", WithJwt(R"({"sub":"x"})"), "`expires_in` is missing"},
        Flaw{"Zero", Canary(R"("expires_in":0)"), "`expires_in` is not positive"},
        Flaw{"ZeroAsString", Canary(R"("expires_in":"0")"), "`expires_in` is not positive"},
        Flaw{"Negative", Canary(R"("expires_at":-300)"), "`expires_at` is not positive"},
        Flaw{"HugeNegative", Canary(R"("expires_in":-1e300)"), "is not positive"},
        Flaw{"ZeroBesideAGoodOne", Canary(R"("expires_in":300,"expires_at":0)"), "not positive"},
        Flaw{"NotANumber", Canary(R"("expires_in":"canary-0f9e8d7c6b5a")"), "is not a number"},
        Flaw{"NotANumberBesideAGoodOne", Canary(R"("expires_in":300,"expires_at":"soon")"),
             "`expires_at` is not a number"},
        Flaw{"EmptyString", Canary(R"("expires_in":"")"), "is not a number"},
        Flaw{"NumberWithUnit", Canary(R"("expires_in":"300s")"), "is not a number"},
        Flaw{"NaNString", Canary(R"("expires_in":"NaN")"), "is not a number"},
        Flaw{"NaNLiteral", Canary(R"("expires_in":NaN)"), "not valid JSON"},
        Flaw{"InfinityString", Canary(R"("expires_in":"inf")"), "is not a number"},
        Flaw{"OverflowingString", Canary(R"("expires_in":"1e999")"), "is not a number"},
        Flaw{"OverflowingNumber", Canary(R"("expires_in":1e999)"), "not valid JSON"},
        Flaw{"NulInNumber", Canary(R"("expires_in":"300\u0000")"), "is not a number"},
        Flaw{"Boolean", Canary(R"("expires_in":true)"), "is not a number"},
        Flaw{"ArrayLifetime", Canary(R"("expires_in":[300])"), "is not a number"},
        Flaw{"ObjectLifetime", Canary(R"("expires_in":{"s":300})"), "is not a number"},
        Flaw{"Milliseconds", Canary(R"("expires_at":1700005700000)"), "neither"},
        Flaw{"BeyondSixtyFourBits", Canary(R"("expires_in":99999999999999999999999)"), "neither"},
        Flaw{"PastInstant", Canary(R"("expires_at":)" + At(kServerNow - 1)), "was over"},
        // By our own clock it would have an hour and a half to live.
        Flaw{"PastInstantByTheServersClock", Canary(R"("expires_at":)" + At(kOurNow + 300)),
             "was over"},
        Flaw{"PastJwt", WithJwt(R"({"exp":)" + At(kServerNow - 5) + "}", R"("expires_in":300)"),
             "was over"},
        Flaw{"JwtOf1970", WithJwt(R"({"exp":300})"), "was over"},
        Flaw{"OverOnArrival", Canary(R"("expires_in":1)"), "was over"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ParseTokenAnswer, TakesBothTokens) {
  const absl::StatusOr<Grant> grant = ParseTokenAnswer(
      R"({"access_token":"acc","refresh_token":"r\u00e9 \"\\\n","expires_in":"300"})", kDate,
      Times());
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_EQ(grant->access_token.Reveal(), "acc");
  EXPECT_EQ(grant->refresh_token.Reveal(), "r\xc3\xa9 \"\\\n");
}

TEST(ParseTokenAnswer, ARefreshTokenMayBeMissing) {
  for (const char* body : {R"({"access_token":"a","expires_in":1e3})",
                           R"({"access_token":"a","expires_in":1e3,"refresh_token":null})",
                           R"({"access_token":"a","expires_in":1e3,"refresh_token":""})"}) {
    const absl::StatusOr<Grant> grant = ParseTokenAnswer(body, kDate, Times());
    ASSERT_TRUE(grant.ok()) << grant.status();
    EXPECT_TRUE(grant->refresh_token.empty());
  }
}

TEST(ParseTokenAnswer, CountsFromBeforeTheRequestWasSent) {
  AnswerTimes times = Times();
  times.received_at = times.sent_at + absl::Seconds(60);
  const absl::StatusOr<Grant> grant =
      ParseTokenAnswer(R"({"access_token":"a","expires_in":300})", kDate, times);
  ASSERT_TRUE(grant.ok());
  EXPECT_EQ(grant->expires_at, times.sent_at + absl::Seconds(300));
}

}  // namespace
}  // namespace credential_broker::upstream
