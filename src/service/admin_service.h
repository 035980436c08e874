#ifndef CREDENTIAL_BROKER_SERVICE_ADMIN_SERVICE_H_
#define CREDENTIAL_BROKER_SERVICE_ADMIN_SERVICE_H_

#include <memory>

#include "core/audit_sink.h"
#include "core/current_credentials.h"
#include "investsuite/credentialbroker/v1/credential_broker.pb.h"
#include "rpc/router.h"
#include "rpc/unary.h"

namespace credential_broker::service {

// investsuite.credentialbroker.v1.CredentialBrokerAdminService, for operators. It asks nobody who
// they are: whoever can open its listener's socket may call. Every refresh is written to the audit
// log. Thread-safe; what it is made of outlives it, and it outlives the server that routes to it.
class AdminService {
 public:
  AdminService(const CurrentCredentials& credentials, AuditSink& audit)
      : credentials_(credentials), audit_(audit) {}

  void AddTo(rpc::Router& router) const;

 private:
  std::unique_ptr<rpc::PendingWork> Refresh(
      rpc::Call& call,
      const investsuite::credentialbroker::v1::RefreshCredentialRequest& request) const;
  void Answer(rpc::Call& call, const std::string& name, const absl::Status& outcome) const;

  const CurrentCredentials& credentials_;
  AuditSink& audit_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_ADMIN_SERVICE_H_
