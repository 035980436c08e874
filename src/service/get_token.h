#ifndef CREDENTIAL_BROKER_SERVICE_GET_TOKEN_H_
#define CREDENTIAL_BROKER_SERVICE_GET_TOKEN_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "base/clock.h"
#include "investsuite/credentialbroker/v1/credential_broker.pb.h"
#include "rpc/unary.h"
#include "service/caller.h"

namespace credential_broker::service {

// CredentialBrokerService.GetToken. Thread-safe; what it is made of outlives it.
class GetToken {
 public:
  // `max_wait`: longest that a call waits for a token, its own deadline permitting.
  GetToken(const Gatekeeper& gatekeeper, const Clock& clock, absl::Duration max_wait)
      : gatekeeper_(gatekeeper), clock_(clock), max_wait_(max_wait) {}

  // `principal`: who calls, as the gatekeeper told.
  std::unique_ptr<rpc::PendingWork> Serve(
      rpc::Call& call, const investsuite::credentialbroker::v1::GetTokenRequest& request,
      std::string principal) const;

 private:
  void AnswerAfterWait(rpc::Call& call, const Admission& admission,
                       const absl::StatusOr<TokenPtr>& token) const;
  void Answer(rpc::Call& call, const Admission& admission,
              const absl::StatusOr<TokenPtr>& token) const;

  const Gatekeeper& gatekeeper_;
  const Clock& clock_;
  const absl::Duration max_wait_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_GET_TOKEN_H_
