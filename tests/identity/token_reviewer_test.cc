#include "identity/token_reviewer.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "core/reason.h"
#include "support/test_folder.h"

namespace credential_broker::identity {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// An API server that answers as a test says, and keeps what it was sent.
class FakeClient : public upstream::HttpsClient {
 public:
  struct Seen {
    std::string method, url, bearer_token, body;
    upstream::Delivery delivery = upstream::Delivery::kAtMostOnce;
  };
  struct Script {
    upstream::HttpResult::Outcome outcome = upstream::HttpResult::Outcome::kAnswered;
    int status = 201;
    std::string body = std::string();
    Seen seen = {};
    int cancels = 0;
  };

  explicit FakeClient(Script& script) : script_(script) {}
  upstream::HttpResult Send(const upstream::HttpRequest& request) override {
    script_.seen = {request.method, request.url, std::string(request.bearer_token->Reveal()),
                    std::string(request.body), request.delivery};
    upstream::HttpResult result;
    result.outcome = script_.outcome;
    result.error = "no route";
    result.status = script_.status;
    result.body.Append(script_.body);
    return result;
  }
  void Cancel() override { ++script_.cancels; }

 private:
  Script& script_;
};

class KubernetesReviewerTest : public testing::Test {
 protected:
  KubernetesReviewerTest() { WriteToken("the broker's own"); }

  void WriteToken(const std::string& token) const { std::ofstream(token_file_) << token << "\n"; }

  absl::StatusOr<std::string> Review() {
    return reviewer_->Review(Secret("c4n4ry.token.of-a-caller"));
  }

  const TestFolder folder_;
  const std::string token_file_ = folder_.Path("token");
  FakeClient::Script script_{.body = R"({"kind":"TokenReview","status":{"authenticated":true,
      "user":{"username":"system:serviceaccount:a:b"},"audiences":["us"]}})"};
  std::unique_ptr<TokenReviewer> reviewer_ =
      MakeKubernetesReviewer({.url = "https://10.0.0.1:6443", .token_file = token_file_}, "us",
                             std::make_unique<FakeClient>(script_));
};

TEST_F(KubernetesReviewerTest, PostsTheTokenAsItself) {
  EXPECT_EQ(*Review(), "system:serviceaccount:a:b");
  EXPECT_EQ(script_.seen.method, "POST");
  EXPECT_EQ(script_.seen.url, "https://10.0.0.1:6443/apis/authentication.k8s.io/v1/tokenreviews");
  EXPECT_EQ(script_.seen.bearer_token, "the broker's own");
  EXPECT_EQ(script_.seen.delivery, upstream::Delivery::kMayRepeat);
  EXPECT_THAT(script_.seen.body,
              AllOf(HasSubstr("c4n4ry.token.of-a-caller"), HasSubstr(R"("audiences":["us"])")));
}

TEST_F(KubernetesReviewerTest, ReadsItsOwnTokenForEachReview) {
  EXPECT_TRUE(Review().ok());
  WriteToken("the next");
  EXPECT_TRUE(Review().ok());
  EXPECT_EQ(script_.seen.bearer_token, "the next");
}

TEST_F(KubernetesReviewerTest, TellsRefusedFromUnreachableFromUnusable) {
  script_.body = R"({"kind":"TokenReview","status":{}})";
  EXPECT_EQ(DetailsOf(Review().status())->reason, Reason::kCallerUnauthenticated);
  script_.body = "<html>c4n4ry";
  EXPECT_EQ(Review().status().code(), absl::StatusCode::kInvalidArgument);
  script_.outcome = upstream::HttpResult::Outcome::kNotSent;
  EXPECT_EQ(Review().status(), absl::UnavailableError("no route"));
}

TEST_F(KubernetesReviewerTest, SaysWhatToDoAboutAStatus) {
  script_.body = "c4n4ry";
  for (const auto& [status, mend] : {std::pair<int, const char*>{401, "kubernetes.token_file"},
                                     {403, "system:auth-delegator"},
                                     {404, "kubernetes.api_server"},
                                     {500, "500"}}) {
    script_.status = status;
    const absl::Status failed = Review().status();
    EXPECT_EQ(failed.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(failed.message()), AllOf(HasSubstr(mend), Not(HasSubstr("c4n4ry"))));
  }
}

TEST_F(KubernetesReviewerTest, NamesTheTokenFileThatCannotBeRead) {
  std::filesystem::remove(token_file_);
  const absl::Status failed = Review().status();
  EXPECT_EQ(failed.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(failed.message()), HasSubstr("token file " + token_file_));
}

TEST_F(KubernetesReviewerTest, CancelReachesTheClient) {
  reviewer_->Cancel();
  EXPECT_EQ(script_.cancels, 1);
}

}  // namespace
}  // namespace credential_broker::identity
