#include "identity/token_reviewer.h"

#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "base/strings.h"
#include "identity/token_review.h"
#include "upstream/secret_file.h"

namespace credential_broker::identity {
namespace {

constexpr std::string_view kPath = "/apis/authentication.k8s.io/v1/tokenreviews";

// What an operator can do about an answer with that HTTP status.
std::string_view MendFor(int status) {
  switch (status) {
    case 401:
      return "; the API server does not know the broker: its own token, in kubernetes.token_file, "
             "is expired or from another cluster";
    case 403:
      return "; the broker's ServiceAccount may not review tokens: bind it to the ClusterRole "
             "system:auth-delegator";
    case 404:
      return "; this is no Kubernetes API server: check kubernetes.api_server";
    default:
      return "";
  }
}

class KubernetesReviewer final : public TokenReviewer {
 public:
  KubernetesReviewer(KubernetesApi api, std::string audience,
                     std::unique_ptr<upstream::HttpsClient> client)
      : api_(std::move(api)), audience_(std::move(audience)), client_(std::move(client)) {}

  absl::StatusOr<std::string> Review(const Secret& token) override {
    const absl::StatusOr<Secret> own_token =
        upstream::ReadSecretFile({.path = api_.token_file, .noun = "token"});
    if (!own_token.ok()) {
      return own_token.status();
    }
    const upstream::WipedBuffer body = TokenReviewRequest(token.Reveal(), audience_);
    const upstream::HttpResult answer = client_->Send(
        {.method = "POST",
         .url = StrCat(api_.url, kPath),
         .headers = {{"content-type", "application/json"}, {"accept", "application/json"}},
         .bearer_token = &*own_token,
         .body = body.view(),
         .delivery = upstream::Delivery::kMayRepeat});
    if (answer.outcome != upstream::HttpResult::Outcome::kAnswered) {
      return absl::UnavailableError(ToAbsl(answer.error));
    }
    if (answer.status < 200 || answer.status > 299) {
      return absl::FailedPreconditionError(
          StrCat("HTTP status ", answer.status, MendFor(answer.status)));
    }
    return PrincipalInReview(answer.body.view(), audience_);
  }

  void Cancel() override { client_->Cancel(); }

 private:
  const KubernetesApi api_;
  const std::string audience_;
  const std::unique_ptr<upstream::HttpsClient> client_;
};

}  // namespace

std::unique_ptr<TokenReviewer> MakeKubernetesReviewer(
    KubernetesApi api, std::string audience, std::unique_ptr<upstream::HttpsClient> client) {
  return std::make_unique<KubernetesReviewer>(std::move(api), std::move(audience),
                                              std::move(client));
}

}  // namespace credential_broker::identity
