#include "upstream/jwt.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"

namespace credential_broker::upstream {
namespace {

std::string JwtOf(const std::string& payload) {
  return "h." + absl::WebSafeBase64Escape(payload) + ".s";
}

TEST(JwtExpiry, IsTheExpClaim) {
  EXPECT_EQ(JwtExpiry(JwtOf(R"({"sub":"?>~","exp":1700000000,"iat":1})")),
            absl::FromUnixSeconds(1'700'000'000));
  EXPECT_EQ(JwtExpiry(JwtOf(R"({"exp":1700000000.5})")), absl::FromUnixMillis(1'700'000'000'500));
  EXPECT_EQ(JwtExpiry(JwtOf(R"({"exp":-1})")), absl::FromUnixSeconds(-1));
}

TEST(JwtExpiry, ReadsATokenOfAnotherIssuer) {
  // The example of RFC 7519, section 3.1.
  EXPECT_EQ(JwtExpiry("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
                      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                      "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
                      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            absl::FromUnixSeconds(1'300'819'380));
}

TEST(JwtExpiry, AllElseIsNone) {
  for (const std::string& token :
       {std::string(), std::string("opaque"), std::string(".."), std::string("a.b.c"),
        std::string("a.!!!.c"), JwtOf(""), JwtOf("[]"), JwtOf("{}"), JwtOf(R"({"exp":null})"),
        JwtOf(R"({"exp":"1700000000"})"), JwtOf(R"({"exp":1e300})"), JwtOf(R"({"exp":-1e300})"),
        JwtOf(R"({"exp":1,"exp":2})"), JwtOf(R"({"exp":1})") + ".x"}) {
    EXPECT_FALSE(JwtExpiry(token).has_value()) << token;
  }
}

}  // namespace
}  // namespace credential_broker::upstream
