#ifndef CREDENTIAL_BROKER_TESTS_WALK_IDENTITIES_H_
#define CREDENTIAL_BROKER_TESTS_WALK_IDENTITIES_H_

#include <openssl/ssl.h>

#include <array>
#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "core/peer.h"
#include "h2/server.h"
#include "support/test_ca.h"
#include "walk/frames.h"

namespace credential_broker::walk {

// The certificates of a walk: to make them takes a while.
struct Identities {
  TestCa ca;
  TestCa other_ca{"other CA"};
  TestCa stranger;
  std::array<PemIdentity, 2> servers = {ca.Issue("DNS:localhost"), ca.Issue("DNS:localhost")};
  PemIdentity client = ca.Issue("URI:spiffe://walk/client", /*days=*/2);
  PemIdentity brief = ca.Issue("URI:spiffe://walk/brief", /*days=*/1);
  PemIdentity other = other_ca.Issue("URI:spiffe://walk/other", /*days=*/2);
  PemIdentity untrusted = stranger.Issue("URI:spiffe://walk/client");
};

const Identities& AllIdentities();

// When the first of the clients' certificates expires, which is Identities::brief. A server whose
// wall clock is near it has connections with a certificate that expires, and others.
absl::Time BriefExpiresAt();

// What a server of the walk verifies client certificates against.
enum class Trust {
  kNone,           // no certificate is asked for
  kBoth,           // certificates of either CA
  kOne,            // of Identities::ca alone
  kOther,          // of Identities::other_ca alone
  kOthersRevoked,  // of both, but `brief` and `other` are revoked
  kClientRevoked,  // of both, but `client` is revoked
  kCount,
};
constexpr std::size_t kTrusts = static_cast<std::size_t>(Trust::kCount);

// `server`: which of Identities::servers.
h2::TlsIdentity ServerIdentity(std::size_t server, Trust trust);

// What a client of the walk speaks TLS with: mostly a certificate of one of the two CAs, or none,
// or one of a CA that no server trusts, or without ALPN. Lives to the end of the process.
SSL_CTX* ClientContextFor(Choices& choices);

// For ServerOptions::principal_of: the name in the certificate, or else the address.
std::string PrincipalOf(const Peer& peer);

}  // namespace credential_broker::walk

#endif  // CREDENTIAL_BROKER_TESTS_WALK_IDENTITIES_H_
