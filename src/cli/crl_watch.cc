#include "cli/crl_watch.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "base/strings.h"

namespace credential_broker::cli {
namespace {

constexpr absl::Duration kLongestNotice = absl::Hours(24);
constexpr int kShareOfLife = 10;

}  // namespace

CrlAge CrlAgeAt(const h2::ClientTrustReport::Crl& crl, absl::Time now) {
  if (now >= crl.expires_at) {
    return CrlAge::kExpired;
  }
  const absl::Duration notice =
      std::min(kLongestNotice, (crl.expires_at - crl.issued_at) / kShareOfLife);
  return now >= crl.expires_at - notice ? CrlAge::kExpiresSoon : CrlAge::kFresh;
}

void CrlWatch::Look(const std::string& listener, const h2::ClientTrustReport& report,
                    absl::Time now) {
  Logged& logged = logged_[listener];
  if (logged.authorities_without_crl != report.authorities_without_crl) {
    logged.authorities_without_crl = report.authorities_without_crl;
    if (!report.authorities_without_crl.empty()) {
      log_.Warn("client_ca_without_crl",
                {{"listener", listener},
                 {"authorities", absl::StrJoin(report.authorities_without_crl, "; ")}});
    }
  }
  std::map<std::string, std::pair<absl::Time, CrlAge>> crls;
  for (const auto& [issuer, crl] : report.crls) {
    const CrlAge age = CrlAgeAt(crl, now);
    const auto known = logged.crls.find(issuer);
    crls.emplace(issuer, std::pair(crl.expires_at, age));
    if (known != logged.crls.end() && known->second == std::pair(crl.expires_at, age)) {
      continue;
    }
    if (age == CrlAge::kExpired) {
      log_.Error("crl_expired",
                 {{"listener", listener}, {"issuer", issuer}, {"expired_at", crl.expires_at}});
    } else if (age == CrlAge::kExpiresSoon) {
      log_.Warn("crl_expires_soon",
                {{"listener", listener}, {"issuer", issuer}, {"expires_at", crl.expires_at}});
    }
  }
  logged.crls = std::move(crls);
}

}  // namespace credential_broker::cli
