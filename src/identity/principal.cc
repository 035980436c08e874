#include "identity/principal.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/match.h"

#include "core/reason.h"
#include "core/strings.h"

namespace credential_broker::identity {
namespace {

// A name is written to logs and compared with rules: only what both can hold unchanged.
bool IsPlainName(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

absl::Status Unauthenticated(std::string_view message) {
  return MakeError(Reason::kCallerUnauthenticated, message);
}

absl::StatusOr<std::string> PrincipalOfCertificate(const Peer& peer) {
  if (peer.uri_sans.size() > 1) {
    return Unauthenticated(
        StrCat("the client certificate has ", peer.uri_sans.size(),
               " URI SANs; use a certificate with exactly one, as X.509-SVID demands"));
  }
  if (peer.uri_sans.size() == 1) {
    const std::string& uri = peer.uri_sans.front();
    if (!absl::StartsWith(uri, "spiffe://") || !IsPlainName(uri)) {
      return Unauthenticated(
          "the client certificate's URI SAN is not a SPIFFE ID (spiffe://trust-domain/path)");
    }
    return uri;
  }
  if (!peer.dns_sans.empty() && IsPlainName(peer.dns_sans.front())) {
    return StrCat("dns:", peer.dns_sans.front());
  }
  return Unauthenticated(
      "the client certificate names nobody; use one with a URI SAN (spiffe://…) or a DNS SAN");
}

}  // namespace

absl::StatusOr<std::string> PrincipalOf(const Peer& peer) {
  if (peer.has_certificate) {
    return PrincipalOfCertificate(peer);
  }
  if (peer.unix_uid.has_value()) {
    return StrCat("unix:uid:", *peer.unix_uid);
  }
  return "anonymous";
}

}  // namespace credential_broker::identity
