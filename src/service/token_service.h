#ifndef CREDENTIAL_BROKER_SERVICE_TOKEN_SERVICE_H_
#define CREDENTIAL_BROKER_SERVICE_TOKEN_SERVICE_H_

#include "absl/time/time.h"
#include "base/clock.h"
#include "core/audit_sink.h"
#include "core/current_credentials.h"
#include "rpc/router.h"
#include "service/caller.h"
#include "service/get_token.h"
#include "service/watch_token.h"

namespace credential_broker::service {

// investsuite.credentialbroker.v1.CredentialBrokerService: GetToken, WatchToken and
// ListCredentials. Thread-safe; what it is made of outlives it, and it outlives the server that
// routes to it.
class TokenService {
 public:
  TokenService(const CurrentCredentials& credentials, AuditSink& audit, const Clock& clock,
               absl::Duration max_wait, CallerChecks checks = {});

  void AddTo(rpc::Router& router);

  // The open streams: for a reload, a drain and metrics.
  WatchToken& watches() { return watch_token_; }

 private:
  const Gatekeeper gatekeeper_;
  const GetToken get_token_;
  WatchToken watch_token_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_TOKEN_SERVICE_H_
