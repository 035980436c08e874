#ifndef CREDENTIAL_BROKER_OBSERVE_AUDIT_H_
#define CREDENTIAL_BROKER_OBSERVE_AUDIT_H_

#include <cstddef>
#include <string_view>

#include "core/audit_sink.h"
#include "observe/denial_log.h"
#include "observe/issued_versions.h"
#include "observe/log.h"

namespace credential_broker::observe {

// Writes the audit events into the log, at every log level: `token_issued` the first time that a
// principal at a peer address gets a version, `admin_refresh` each time, `caller_denied` as
// DenialLog tells. A peer is its address without the port: a caller that opens a connection for
// each call is still one.
// Thread-safe.
class AuditLog : public AuditSink {
 public:
  // `log` outlives this object. More than `most_callers` pairs of principal and address are told
  // again and again (IssuedVersions); the default is some 32 MB when full, and nothing before.
  explicit AuditLog(Logger& log, std::size_t most_callers = kMostCallers)
      : log_(log), denials_(log), issued_(most_callers) {}

  void TokenIssued(std::string_view principal, std::string_view peer_address,
                   std::string_view credential, std::string_view version) override;
  void CallerDenied(std::string_view principal, std::string_view peer_address,
                    std::string_view credential, Reason reason) override;
  void AdminRefresh(std::string_view principal, std::string_view credential,
                    std::string_view result) override;

  DenialLog& denials() { return denials_; }
  const DenialLog& denials() const { return denials_; }
  IssuedVersions& issued() { return issued_; }
  const IssuedVersions& issued() const { return issued_; }

 private:
  static constexpr std::size_t kMostCallers = 128 * 1024;

  Logger& log_;
  DenialLog denials_;
  IssuedVersions issued_;
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_AUDIT_H_
