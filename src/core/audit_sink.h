#ifndef CREDENTIAL_BROKER_CORE_AUDIT_SINK_H_
#define CREDENTIAL_BROKER_CORE_AUDIT_SINK_H_

#include <string_view>

#include "core/reason.h"

namespace credential_broker {

// Where it is written down who got which token, and who was refused. Called for every call of a
// caller, on many threads: implementations are thread-safe, quick and never fail.
class AuditSink {
 public:
  virtual ~AuditSink() = default;

  // `principal` at `peer_address` ("ip:port" or "unix") was given `version` of `credential`.
  virtual void TokenIssued(std::string_view principal, std::string_view peer_address,
                           std::string_view credential, std::string_view version) = 0;

  // `principal` (empty: unknown) was refused. `credential` is what it asked for, empty where it
  // named none.
  virtual void CallerDenied(std::string_view principal, std::string_view peer_address,
                            std::string_view credential, Reason reason) = 0;

  // The operator `principal` had `credential` refreshed. `result`: "OK", or the reason why it was
  // not.
  virtual void AdminRefresh(std::string_view principal, std::string_view credential,
                            std::string_view result) = 0;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_AUDIT_SINK_H_
