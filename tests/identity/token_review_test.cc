#include "identity/token_review.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/strings.h"
#include "core/reason.h"

namespace credential_broker::identity {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kAudience = "credential-broker";

// As kube-apiserver 1.36 answers.
constexpr std::string_view kAccepted = R"({
  "kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1",
  "metadata": {"managedFields": [{"manager": "curl", "fieldsV1": {"f:spec": {"f:token": {}}}}]},
  "spec": {"token": "c4n4ry", "audiences": ["credential-broker"]},
  "status": {
    "authenticated": true,
    "user": {"username": "system:serviceaccount:orders:api", "uid": "8a",
             "groups": ["system:serviceaccounts", "system:authenticated"],
             "extra": {"authentication.kubernetes.io/credential-id": ["JTI=1"]}},
    "audiences": ["other", "credential-broker"]}})";

std::string With(std::string_view part, std::string_view replacement) {
  std::string body(kAccepted);
  const std::size_t at = body.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return body.replace(at, part.size(), replacement);
}

absl::Status ErrorOf(const std::string& body) {
  absl::Status status = PrincipalInReview(body, kAudience).status();
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("c4n4ry"))) << body;
  return status;
}

TEST(TokenReviewRequest, AsksForOurAudience) {
  EXPECT_EQ(TokenReviewRequest("a.b.c", kAudience).view(),
            R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview",)"
            R"("spec":{"token":"a.b.c","audiences":["credential-broker"]}})");
}

TEST(TokenReviewRequest, EscapesTheAudience) {
  EXPECT_THAT(std::string(TokenReviewRequest("t", "a\"],\"x\\").view()),
              HasSubstr(R"("audiences":["a\"],\"x\\"]}})"));
}

TEST(PrincipalInReview, IsTheServiceAccount) {
  EXPECT_EQ(*PrincipalInReview(kAccepted, kAudience), "system:serviceaccount:orders:api");
}

TEST(PrincipalInReview, RefusesWhatTheApiServerRefuses) {
  for (const std::string& body :
       {With(R"("authenticated": true)", R"("authenticated": false)"),
        With(R"("authenticated": true,)", ""),
        With(R"("authenticated": true)", R"("authenticated": null)"),
        std::string(
            R"({"kind":"TokenReview","status":{"error":"[invalid bearer token, c4n4ry]"}})"),
        std::string(R"({"kind":"TokenReview","status":null})"),
        std::string(R"({"kind":"TokenReview"})"),
        // Nothing outside of `status` counts.
        std::string(
            R"({"kind":"TokenReview","authenticated":true,"spec":{"authenticated":true}})")}) {
    EXPECT_EQ(ErrorOf(body).code(), absl::StatusCode::kUnauthenticated) << body;
  }
}

TEST(PrincipalInReview, RefusesATokenThatIsNotMeantForUs) {
  for (const std::string_view audiences :
       {R"(["other"])", "[]", "null", R"(["credential-broker2"])", R"([["credential-broker"]])",
        R"([{"a": "credential-broker"}])"}) {
    EXPECT_EQ(ErrorOf(With(R"(["other", "credential-broker"])", audiences)).code(),
              absl::StatusCode::kUnauthenticated)
        << audiences;
  }
  // An API server that does not know audiences.
  EXPECT_EQ(ErrorOf(With(R"(,
    "audiences": ["other", "credential-broker"])",
                         ""))
                .code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(PrincipalInReview, RefusesWhoIsNoServiceAccount) {
  for (const std::string_view name :
       {"", "admin", "system:node:n", "system:serviceaccount:orders",
        "system:serviceaccount:orders:", "system:serviceaccount::api",
        "system:serviceaccount:a:b:c", "system:serviceaccount:a/b:c", "system:serviceaccount:A:b",
        "spiffe://prod/x", "x:serviceaccount:a:b", "system:serviceaccount:a:b ",
        "system:serviceaccount:a:*"}) {
    EXPECT_EQ(ErrorOf(With("system:serviceaccount:orders:api", name)).code(),
              absl::StatusCode::kUnauthenticated)
        << name;
  }
  EXPECT_EQ(ErrorOf(With(R"("username": "system:serviceaccount:orders:api",)", "")).code(),
            absl::StatusCode::kUnauthenticated);
}

TEST(PrincipalInReview, AnAnswerThatCannotBeUnderstoodIsNoVerdict) {
  for (const std::string& body :
       {std::string(),
        std::string("c4n4ry"),
        std::string("{"),
        std::string("[]"),
        std::string("1"),
        std::string("true"),
        std::string("null"),
        std::string("\"c4n4ry\""),
        std::string("{}"),
        std::string(R"({"kind":"Status","status":"Failure"})"),
        With("TokenReview", "c4n4ry"),
        With(R"("authenticated": true)", R"("authenticated": "true")"),
        With(R"("authenticated": true)", R"("authenticated": 1)"),
        With(R"("authenticated": true)", R"("authenticated": true, "authenticated": true)"),
        With(R"("kind": "TokenReview")", R"("kind": "TokenReview", "kind": "TokenReview")"),
        With(R"("username": )", R"("username": "system:serviceaccount:a:b", "username": )"),
        With(R"("status": {)", R"("status": {}, "status": {)"),
        With(R"("user": {)", R"("user": ["c4n4ry"], "x": {)"),
        With(R"(["other", "credential-broker"])", R"("credential-broker")"),
        StrCat(kAccepted, "c4n4ry"),
        std::string(100'000, '['),
        StrCat(R"({"kind":"TokenReview","x":)", std::string(20, '['), std::string(20, ']'), "}")}) {
    EXPECT_EQ(ErrorOf(body).code(), absl::StatusCode::kInvalidArgument) << body.substr(0, 200);
  }
}

}  // namespace
}  // namespace credential_broker::identity
