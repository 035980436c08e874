// The names of a client certificate, from the TLS handshake to the principal: what a CA signed may
// hold anything.
//
// The input: a byte that says which CAs the server trusts for which names and what the rest is: the
// value of a subjectAltName, a list of extensions, or a whole certificate, which is signed anew.

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "core/peer.h"
#include "h2/tls_context.h"
#include "h2/transport.h"
#include "identity/principal.h"
#include "peer_names/made_certificate.h"
#include "peer_names/strict_names.h"
#include "support/test_ca.h"

namespace credential_broker::h2 {
namespace {

void Require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

// Which names the CA may issue.
enum class Scope { kAny, kOneDomain, kOneDomainAndDns, kNoNames, kCount };
constexpr std::size_t kScopes = static_cast<std::size_t>(Scope::kCount);
constexpr std::string_view kDomain = "prod";

class Servers {
 public:
  Servers() {
    std::signal(SIGPIPE, SIG_IGN);
    for (std::size_t i = 0; i < kScopes; ++i) {
      contexts_.at(i) = *TlsContext::Create(Identity(static_cast<Scope>(i)));
    }
  }
  const CarelessAuthority& authority() const { return authority_; }
  const TlsContext& context(Scope scope) const {
    return *contexts_.at(static_cast<std::size_t>(scope));
  }

 private:
  TlsIdentity Identity(Scope scope) const {
    TlsIdentity identity{server_.certificate, Secret(server_.key), {}};
    if (scope == Scope::kAny) {
      identity.client_ca = authority_.pem();
      return identity;
    }
    CertificateScope names;
    if (scope != Scope::kNoNames) {
      names.trust_domains = {std::string(kDomain)};
      names.dns = scope == Scope::kOneDomainAndDns;
    }
    identity.client_authorities = {{"ca.pem", authority_.pem(), names}};
    return identity;
  }

  const CarelessAuthority authority_;
  const PemIdentity server_ = TestCa().Issue("DNS:localhost");
  std::array<std::shared_ptr<const TlsContext>, kScopes> contexts_;
};

SslPtr NewClient(X509& certificate, EVP_PKEY* key, int version, int socket) {
  static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SslPtr client(SSL_new(context));
  SSL_set_max_proto_version(client.get(), version);
  static constexpr std::array<unsigned char, 3> kAlpn = {2, 'h', '2'};
  SSL_set_alpn_protos(client.get(), kAlpn.data(), kAlpn.size());
  if (SSL_use_certificate(client.get(), &certificate) != 1 ||
      SSL_use_PrivateKey(client.get(), key) != 1) {
    return nullptr;
  }
  SSL_set_fd(client.get(), socket);
  SSL_set_connect_state(client.get());
  return client;
}

// Returns whether the handshake succeeds, as the server sees it.
bool Handshake(SSL* client, Transport& server) {
  constexpr int kMostRounds = 20;
  for (int i = 0; i < kMostRounds; ++i) {
    SSL_do_handshake(client);
    ERR_clear_error();
    server.BeginTurn();
    switch (server.Handshake()) {
      case Transport::Io::kOk:
        return true;
      case Transport::Io::kClosed:
        return false;
      default:
        break;
    }
  }
  return false;
}

void CheckNames(const StrictNames& strict, const Peer& peer) {
  const bool none = peer.uri_sans.empty() && peer.dns_sans.empty();
  const bool equal = peer.uri_sans == strict.uris && peer.dns_sans == strict.dns_names;
  switch (strict.kind) {
    case StrictNames::Kind::kNone:
      Require(none, "a certificate without a subjectAltName has no names");
      break;
    case StrictNames::Kind::kSimple:
      Require(equal, "the names are those of the certificate");
      break;
    case StrictNames::Kind::kOthers:
      Require(none || equal, "a name of another type is not taken for a URI or a DNS name");
      break;
    case StrictNames::Kind::kNotDer:
      break;
  }
}

void CheckPrincipal(Scope scope, const Peer& peer, std::string_view principal) {
  constexpr std::string_view kDns = "dns:";
  Require(
      std::all_of(principal.begin(), principal.end(), [](char c) { return c > ' ' && c <= '~'; }),
      "a principal is printable");
  if (principal.starts_with(kDns)) {
    Require(peer.uri_sans.empty() && !peer.dns_sans.empty() &&
                principal.substr(kDns.size()) == peer.dns_sans.front() &&
                principal.size() > kDns.size(),
            "the first DNS name is the principal where there is no URI");
    Require(scope == Scope::kAny || scope == Scope::kOneDomainAndDns,
            "a CA that may not issue DNS names makes no principal of one");
    return;
  }
  Require(peer.uri_sans.size() == 1 && principal == peer.uri_sans.front(),
          "the only URI is the principal");
  Require(IsStrictSpiffeId(principal), "a URI that is a principal is a SPIFFE ID");
  Require(scope == Scope::kAny || (scope != Scope::kNoNames &&
                                   (principal == StrCat("spiffe://", kDomain) ||
                                    principal.starts_with(StrCat("spiffe://", kDomain, "/")))),
          "a CA makes principals of its own trust domain only");
}

// Names that have to be principals. Without this a reader of names that finds none would pass.
void CheckThatGoodNamesAreTaken(Scope scope, const StrictNames& strict, bool has_principal) {
  if (strict.kind == StrictNames::Kind::kSimple && strict.uris.size() == 1 &&
      scope == Scope::kAny) {
    Require(has_principal == IsStrictSpiffeId(strict.uris.front()),
            "a certificate with one SPIFFE ID has a principal");
  }
}

X509Ptr CertificateOf(const CarelessAuthority& authority, std::uint8_t kind,
                      std::string_view bytes) {
  switch (kind % 4) {
    case 0:
    case 1:
      return authority.IssueWithNames(bytes);
    case 2:
      return authority.IssueWithExtensions(bytes);
    default:
      return authority.SignAnew(bytes);
  }
}

void Run(std::uint8_t choice, std::string_view bytes) {
  static const Servers& servers = *new Servers();
  const X509Ptr certificate = CertificateOf(servers.authority(), choice, bytes);
  const auto scope = static_cast<Scope>(choice / 4 % kScopes);
  const int version = choice / 16 % 4 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
  std::array<int, 2> sockets{};
  Require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets.data()) == 0,
          "socketpair");
  const UniqueFd client_socket(sockets[0]);
  Transport server(UniqueFd(sockets[1]), servers.context(scope).NewConnection());
  if (certificate == nullptr) {
    return;
  }
  const SslPtr client =
      NewClient(*certificate, servers.authority().leaf_key(), version, client_socket.get());
  if (client == nullptr || !Handshake(client.get(), server)) {
    ERR_clear_error();
    return;
  }

  Peer peer;
  ReadPeerCertificate(*server.ssl(), peer);
  Require(peer.has_certificate, "a handshake has verified a certificate");
  Require((peer.certificate_scope == nullptr) == (scope == Scope::kAny),
          "the scope is that of the CA");
  const StrictNames strict = StrictNames::Read(*certificate);
  CheckNames(strict, peer);
  const absl::StatusOr<std::string> principal = identity::PrincipalOf(peer);
  if (principal.ok()) {
    CheckPrincipal(scope, peer, *principal);
  }
  CheckThatGoodNamesAreTaken(scope, strict, principal.ok());
  for (const char c : principal.status().message()) {
    Require(static_cast<unsigned char>(c) >= ' ' && c != '\x7f', "an error can be printed");
  }
  const bool in_scope = peer.certificate_scope == nullptr || peer.certificate_scope->Covers(peer);
  Require(servers.context(scope).Covers(*server.ssl(), peer) == in_scope,
          "an open connection is evaluated like a new one");
  ERR_clear_error();
}

}  // namespace
}  // namespace credential_broker::h2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size >= 1) {
    credential_broker::h2::Run(data[0],
                               std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  }
  return 0;
}
