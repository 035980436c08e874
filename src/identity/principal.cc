#include "identity/principal.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/strings/str_join.h"
#include "base/strings.h"
#include "core/certificate_scope.h"
#include "core/reason.h"

namespace credential_broker::identity {
namespace {

// A name is written to logs and compared with rules: only what both can hold unchanged.
bool IsPlainName(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

absl::Status OutOfScope(const Peer& peer) {
  const bool names_uri = !peer.uri_sans.empty();
  const std::string_view name = names_uri               ? std::string_view(peer.uri_sans.front())
                                : peer.dns_sans.empty() ? std::string_view()
                                                        : std::string_view(peer.dns_sans.front());
  const std::string shown =
      IsPlainName(name) ? StrCat("'", name, "'") : std::string("what it names");
  const std::vector<std::string>& domains = peer.certificate_scope->trust_domains;
  return Unauthenticated(
      StrCat("the CA of the client certificate may not issue certificates for ",
             names_uri ? "" : "the DNS name ", shown, "; it is configured for ",
             domains.empty() ? "no SPIFFE trust domain"
                             : StrCat("the SPIFFE trust domains ", absl::StrJoin(domains, ", ")),
             peer.certificate_scope->dns ? " and DNS names" : " and no DNS names",
             "; use a certificate of the CA that this name belongs to"));
}

absl::StatusOr<std::string> PrincipalOfCertificate(const Peer& peer) {
  if (peer.uri_sans.size() > 1) {
    return Unauthenticated(
        StrCat("the client certificate has ", peer.uri_sans.size(),
               " URI SANs; use a certificate with exactly one, as X.509-SVID demands"));
  }
  if (peer.certificate_scope != nullptr && !peer.certificate_scope->Covers(peer)) {
    return OutOfScope(peer);
  }
  if (peer.uri_sans.size() == 1) {
    const std::string& uri = peer.uri_sans.front();
    if (!IsSpiffeId(uri)) {
      return Unauthenticated(
          "the client certificate's URI SAN is not a SPIFFE ID (spiffe://trust-domain/path)");
    }
    return uri;
  }
  if (!peer.dns_sans.empty() && IsPlainName(peer.dns_sans.front())) {
    return StrCat("dns:", peer.dns_sans.front());
  }
  return Unauthenticated(
      "the client certificate has no SPIFFE ID or DNS name; use one with a URI SAN (spiffe://…) "
      "or a DNS SAN");
}

}  // namespace

absl::Status Unauthenticated(std::string_view message) {
  return MakeError(Reason::kCallerUnauthenticated, message);
}

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
