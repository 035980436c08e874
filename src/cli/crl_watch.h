#ifndef CREDENTIAL_BROKER_CLI_CRL_WATCH_H_
#define CREDENTIAL_BROKER_CLI_CRL_WATCH_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "h2/tls_identity.h"
#include "observe/log.h"

namespace credential_broker::cli {

// How a CRL stands, as operators should know.
enum class CrlAge { kFresh, kExpiresSoon, kExpired };

// kExpiresSoon: within the last tenth of its life, at most a day before nextUpdate.
CrlAge CrlAgeAt(const h2::ClientTrustReport::Crl& crl, absl::Time now);

// Logs, once for each CRL and CA: `crl_expires_soon`, `crl_expired` and `client_ca_without_crl`.
// Not thread-safe.
class CrlWatch {
 public:
  // `log` outlives this object.
  explicit CrlWatch(observe::Logger& log) : log_(log) {}

  // `listener`: its name. To be called every few seconds.
  void Look(const std::string& listener, const h2::ClientTrustReport& report, absl::Time now);

 private:
  struct Logged {
    // By issuer. A CRL that is published anew expires at another time.
    std::map<std::string, std::pair<absl::Time, CrlAge>> crls;
    std::vector<std::string> authorities_without_crl;
  };

  observe::Logger& log_;
  std::map<std::string, Logged> logged_;  // by listener
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_CRL_WATCH_H_
