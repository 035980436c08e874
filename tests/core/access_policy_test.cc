#include "core/access_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"

namespace credential_broker {
namespace {

using ::testing::HasSubstr;

bool Matches(std::string_view pattern, std::string_view principal) {
  const auto parsed = PrincipalPattern::Parse(pattern);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() && parsed->Matches(principal);
}

std::string ParseError(std::string_view pattern) {
  const auto parsed = PrincipalPattern::Parse(pattern);
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << pattern;
  return std::string(ToStd(parsed.status().message()));
}

TEST(PrincipalPattern, WithoutStarMatchesItselfOnly) {
  EXPECT_TRUE(Matches("anonymous", "anonymous"));
  EXPECT_FALSE(Matches("anonymous", "anonymou"));
  EXPECT_FALSE(Matches("anonymous", "anonymous2"));
  EXPECT_FALSE(Matches("anonymous", "Anonymous"));
  EXPECT_FALSE(Matches("anonymous", ""));
}

TEST(PrincipalPattern, StarAtTheEndTakesTheRestOfOneSegment) {
  constexpr std::string_view kPattern = "spiffe://prod/ns/orders/sa/*";
  EXPECT_TRUE(Matches(kPattern, "spiffe://prod/ns/orders/sa/api"));
  EXPECT_FALSE(Matches(kPattern, "spiffe://prod/ns/orders/sa/api/admin"));
  EXPECT_FALSE(Matches(kPattern, "spiffe://prod/ns/orders/sa/api:admin"));
  EXPECT_FALSE(Matches(kPattern, "spiffe://prod/ns/orders/sa/"));
  EXPECT_FALSE(Matches(kPattern, "spiffe://prod/ns/orders/sa"));
  EXPECT_FALSE(Matches(kPattern, "spiffe://prod/ns/orders/sb/api"));
}

TEST(PrincipalPattern, StarAtTheEndOfAWordTakesItsEnding) {
  EXPECT_TRUE(Matches("dns:build-*", "dns:build-7.example.com"));
  EXPECT_FALSE(Matches("dns:build-*", "dns:build-"));
  EXPECT_FALSE(Matches("dns:build-*", "dns:build"));
  EXPECT_FALSE(Matches("dns:build-*", "dns:build-7/x"));
}

TEST(PrincipalPattern, StarBetweenSeparatorsTakesOneWholeSegment) {
  constexpr std::string_view kPattern = "system:serviceaccount:*:api";
  EXPECT_TRUE(Matches(kPattern, "system:serviceaccount:orders:api"));
  EXPECT_FALSE(Matches(kPattern, "system:serviceaccount:orders:api2"));
  EXPECT_FALSE(Matches(kPattern, "system:serviceaccount::api"));
  EXPECT_FALSE(Matches(kPattern, "system:serviceaccount:a:b:api"));
  EXPECT_FALSE(Matches(kPattern, "system:serviceaccount:a/b:api"));
}

TEST(PrincipalPattern, StarsCombine) {
  EXPECT_TRUE(Matches("spiffe://*/ns/*/sa/*", "spiffe://prod/ns/orders/sa/api"));
  EXPECT_FALSE(Matches("spiffe://*/ns/*/sa/*", "spiffe://prod/ns/orders/x/api"));
  EXPECT_TRUE(Matches("/*/*/**", "/a/b/c/d:e"));
  EXPECT_FALSE(Matches("/*/*/**", "/a/b/"));
}

TEST(PrincipalPattern, DoubleStarAtTheEndTakesAnyRest) {
  EXPECT_TRUE(Matches("spiffe://prod/**", "spiffe://prod/ns/orders/sa/api"));
  EXPECT_TRUE(Matches("system:serviceaccount:orders:**", "system:serviceaccount:orders:api"));
  EXPECT_FALSE(Matches("system:serviceaccount:orders:**", "system:serviceaccount:orders-evil:api"));
  EXPECT_FALSE(Matches("spiffe://prod/**", "spiffe://prod/"));
  EXPECT_FALSE(Matches("spiffe://prod/**", "spiffe://production/ns"));
}

TEST(PrincipalPattern, AloneStarIsOneSegmentAndDoubleStarAnybody) {
  EXPECT_TRUE(Matches("*", "anonymous"));
  EXPECT_FALSE(Matches("*", "dns:host"));
  EXPECT_FALSE(Matches("*", ""));
  EXPECT_TRUE(Matches("**", "dns:host"));
  EXPECT_FALSE(Matches("**", ""));
}

TEST(PrincipalPattern, ComparesBytesOfHostilePrincipals) {
  using namespace std::string_view_literals;  // NOLINT(google-build-using-namespace)
  EXPECT_FALSE(Matches("dns:host", "dns:host\0"sv));
  EXPECT_FALSE(Matches("dns:host", "dns:host\n"));
  EXPECT_FALSE(Matches("dns:*", "dns:"));
  EXPECT_FALSE(Matches("spiffe://prod/sa/*", "spiffe://prod/sa/../admin"));
  EXPECT_FALSE(Matches("spiffe://prod/sa/x", "spiffe://prod/sa/%78"));
  // A star in the principal is a character like any other.
  EXPECT_FALSE(Matches("dns:host", "dns:*"));
  EXPECT_FALSE(Matches("dns:host", "**"));
  EXPECT_EQ(PrincipalPattern::Parse("dns:*")->text(), "dns:*");
}

TEST(PrincipalPattern, RefusesAStarThatStandsElsewhere) {
  for (std::string_view pattern :
       {"*.example.com", "dns:*.example.com", "a*b", "a*/b", "a/*b/c", "*/b", "***", "a***", "**/a",
        "a/**/b", "a/***", "a/**:", "a*/", "**a", "*a*"}) {
    EXPECT_THAT(ParseError(pattern), HasSubstr(pattern)) << pattern;
  }
  EXPECT_THAT(ParseError("dns:*.example.com"), HasSubstr("'*' at character 5"));
  EXPECT_THAT(ParseError(""), HasSubstr("must not be empty"));
}

TEST(PrincipalPattern, RefusesADoubleStarInsideASegmentAndSaysWhatToWrite) {
  EXPECT_EQ(ParseError("spiffe://prod**"),
            "pattern \"spiffe://prod**\": '**' at character 14 must follow a separator ('/' or "
            "':'), since it would match other names that only begin alike; write "
            "\"spiffe://prod/**\" for what is below, or \"spiffe://prod*\" for endings of this "
            "segment");
  EXPECT_THAT(ParseError("system:serviceaccount:orders**"),
              HasSubstr("write \"system:serviceaccount:orders:**\""));
  EXPECT_THAT(ParseError("spiffe://prod/ns**"), HasSubstr("write \"spiffe://prod/ns/**\""));
  EXPECT_THAT(ParseError("a**"), HasSubstr("must follow a separator"));
}

TEST(PrincipalPattern, MatchesLongTextsInLinearTime) {
  std::string pattern = "x";
  std::string principal = "x";
  for (int i = 0; i < 200'000; ++i) {
    pattern += "/*";
    principal += "/aaaa";
  }
  pattern += "/end";
  const auto parsed = PrincipalPattern::Parse(pattern);
  ASSERT_TRUE(parsed.ok());
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(parsed->Matches(principal + "/eNd"));
  EXPECT_TRUE(parsed->Matches(principal + "/end"));
  EXPECT_FALSE(parsed->Matches(std::string(1'000'000, '/')));
  // Milliseconds; a matcher that goes back would take for ever.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

AccessPolicy PolicyOf(const std::vector<std::string>& patterns) {
  std::vector<PrincipalPattern> parsed;
  parsed.reserve(patterns.size());
  for (const std::string& pattern : patterns) {
    parsed.push_back(*PrincipalPattern::Parse(pattern));
  }
  return AccessPolicy({{"default", std::move(parsed)}, {"closed", {}}});
}

TEST(AccessPolicy, AllowsWhomAPatternOfTheCredentialCovers) {
  const AccessPolicy policy = PolicyOf({"dns:a", "dns:b"});
  EXPECT_TRUE(policy.Allows("dns:a", "default"));
  EXPECT_TRUE(policy.Allows("dns:b", "default"));
  EXPECT_FALSE(policy.Allows("dns:c", "default"));
}

TEST(AccessPolicy, DeniesByDefault) {
  const AccessPolicy policy = PolicyOf({"**"});
  EXPECT_TRUE(policy.Allows("anybody", "default"));
  EXPECT_FALSE(policy.Allows("", "default"));
  EXPECT_FALSE(policy.Allows("anybody", "closed"));
  EXPECT_FALSE(policy.Allows("anybody", "unknown"));
  EXPECT_FALSE(policy.Allows("anybody", ""));
  EXPECT_FALSE(AccessPolicy({}).Allows("anybody", "default"));
}

TEST(AccessPolicy, APatternThatDeniesWinsOverAllThatAllow) {
  const auto patterns = [](const std::vector<std::string>& texts) {
    AccessPolicy::Patterns parsed;
    for (const std::string& text : texts) {
      parsed.push_back(*PrincipalPattern::Parse(text));
    }
    return parsed;
  };
  const AccessPolicy policy({{"a", patterns({"sa/*", "sa/stolen"})}, {"b", patterns({"sa/*"})}},
                            patterns({"anonymous"}),
                            {{"a", patterns({"sa/stolen", "anonymous", "sa/old-*"})}});
  EXPECT_TRUE(policy.Allows("sa/good", "a"));
  EXPECT_FALSE(policy.Allows("sa/stolen", "a"));
  EXPECT_FALSE(policy.Allows("sa/old-1", "a"));
  EXPECT_FALSE(policy.Allows("anonymous", "a"));
  EXPECT_TRUE(policy.Allows("sa/stolen", "b")) << "it denies one credential";
  EXPECT_TRUE(policy.Allows("anonymous", "b"));
}

}  // namespace
}  // namespace credential_broker
