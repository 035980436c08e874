#include "core/certificate_scope.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "core/peer.h"

namespace credential_broker {
namespace {

constexpr std::string_view kScheme = "spiffe://";

}  // namespace

bool CertificateScope::Covers(const Peer& peer) const {
  if (peer.uri_sans.empty()) {
    return dns;
  }
  return std::all_of(peer.uri_sans.begin(), peer.uri_sans.end(), [this](const std::string& uri) {
    const std::string_view domain = TrustDomainOf(uri);
    return !domain.empty() &&
           std::find(trust_domains.begin(), trust_domains.end(), domain) != trust_domains.end();
  });
}

std::string_view TrustDomainOf(std::string_view uri) {
  if (!uri.starts_with(kScheme)) {
    return {};
  }
  uri.remove_prefix(kScheme.size());
  return uri.substr(0, std::min(uri.find('/'), uri.size()));
}

bool IsTrustDomain(std::string_view text) {
  constexpr std::size_t kMaxLength = 255;
  return !text.empty() && text.size() <= kMaxLength &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_") ==
             std::string_view::npos;
}

bool IsSpiffeId(std::string_view text) {
  constexpr std::size_t kMaxLength = 2048;
  const std::string_view domain = TrustDomainOf(text);
  if (text.size() > kMaxLength || !IsTrustDomain(domain)) {
    return false;
  }
  std::string_view path = text;
  path.remove_prefix(kScheme.size() + domain.size());
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment.empty() || segment == "." || segment == ".." ||
        !std::all_of(segment.begin(), segment.end(), [](char c) {
          return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' ||
                 c == '_';
        })) {
      return false;
    }
    path.remove_prefix(segment.size());
  }
  return true;
}

}  // namespace credential_broker
