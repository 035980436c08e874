#ifndef CREDENTIAL_BROKER_SERVICE_CALL_ADMISSION_H_
#define CREDENTIAL_BROKER_SERVICE_CALL_ADMISSION_H_

#include <optional>

#include "base/keyed_rate_limiter.h"
#include "core/audit_sink.h"
#include "rpc/admission.h"

namespace credential_broker::service {

// Applies `server.rate_limit` to methods that authenticate no caller themselves, health and
// reflection, by the principal of the connection; bearer tokens are not reviewed for them. Calls of
// one principal share its limit with its GetToken calls. Anonymous callers have one limit for each
// address, apart from the one of their GetToken calls, so that they cannot use up that of the
// probes of a kubelet. Refusals are CALLER_RATE_LIMITED and written to the audit log. Thread-safe.
class CallAdmission final : public rpc::Admission {
 public:
  // Both outlive this object.
  CallAdmission(AuditSink& audit, KeyedRateLimiter& rate) : audit_(audit), rate_(rate) {}

  std::optional<google::rpc::Status> CountCall(const Peer& peer) override;
  google::rpc::Status TooManyStreams(const Peer& peer) override;

 private:
  AuditSink& audit_;
  KeyedRateLimiter& rate_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_CALL_ADMISSION_H_
