#ifndef CREDENTIAL_BROKER_IDENTITY_TOKEN_REVIEWER_H_
#define CREDENTIAL_BROKER_IDENTITY_TOKEN_REVIEWER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "upstream/https_client.h"

namespace credential_broker::identity {

// Asks whose a token is. Review blocks and is called by one thread; Cancel by any.
class TokenReviewer {
 public:
  virtual ~TokenReviewer() = default;

  // The principal. Fails with CALLER_UNAUTHENTICATED where the answer is that the token is not
  // good; with UNAVAILABLE where nothing answered; with another code where what answered cannot be
  // used. The message of these two is for the operator; it holds nothing of any token.
  virtual absl::StatusOr<std::string> Review(const Secret& token) = 0;

  // Ends the review in flight and every later one with UNAVAILABLE, soon.
  virtual void Cancel() = 0;
};

// How to reach a Kubernetes API server, and as whom.
struct KubernetesApi {
  std::string url;         // https, without a slash at its end
  std::string token_file;  // a ServiceAccount's; read for each review, as kubelet replaces it
};

// TokenReview of authentication.k8s.io/v1 for `audience`.
std::unique_ptr<TokenReviewer> MakeKubernetesReviewer(
    KubernetesApi api, std::string audience, std::unique_ptr<upstream::HttpsClient> client);

}  // namespace credential_broker::identity

#endif  // CREDENTIAL_BROKER_IDENTITY_TOKEN_REVIEWER_H_
