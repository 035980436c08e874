#include "walk/identities.h"

#include "h2/openssl.h"

namespace credential_broker::walk {
namespace {

h2::SslCtxPtr ClientContext(const PemIdentity* identity, bool with_alpn = true) {
  h2::SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  static constexpr std::array<unsigned char, 3> kAlpn = {2, 'h', '2'};
  if (with_alpn) {
    SSL_CTX_set_alpn_protos(context.get(), kAlpn.data(), kAlpn.size());
  }
  if (identity != nullptr) {
    UseIdentity(context.get(), *identity);
  }
  return context;
}

struct TrustPems {
  std::string authorities;
  std::string crls;
};

std::array<TrustPems, kTrusts> MakeTrusts() {
  const Identities& all = AllIdentities();
  const std::string both = all.ca.pem() + all.other_ca.pem();
  return {{{"", ""},
           {both, ""},
           {all.ca.pem(), ""},
           {all.other_ca.pem(), ""},
           {both, all.ca.Crl({all.brief.certificate}) + all.other_ca.Crl({all.other.certificate})},
           {both, all.ca.Crl({all.client.certificate})}}};
}

}  // namespace

const Identities& AllIdentities() {
  static const Identities& all = *new Identities();
  return all;
}

absl::Time BriefExpiresAt() {
  static const absl::Time time = [] {
    const auto certificates = h2::ReadCertificates("brief", AllIdentities().brief.certificate);
    return h2::ToTime(X509_get0_notAfter(certificates->front().get()));
  }();
  return time;
}

h2::TlsIdentity ServerIdentity(std::size_t server, Trust trust) {
  static const auto& trusts = *new std::array<TrustPems, kTrusts>(MakeTrusts());
  const PemIdentity& identity = AllIdentities().servers.at(server);
  const TrustPems& pems = trusts.at(static_cast<std::size_t>(trust));
  return {.certificate_chain = identity.certificate,
          .private_key = Secret(identity.key),
          .client_ca = pems.authorities,
          .client_crls = pems.crls};
}

SSL_CTX* ClientContextFor(Choices& choices) {
  static SSL_CTX* const client = ClientContext(&AllIdentities().client).release();
  static SSL_CTX* const brief = ClientContext(&AllIdentities().brief).release();
  static SSL_CTX* const other = ClientContext(&AllIdentities().other).release();
  static SSL_CTX* const anonymous = ClientContext(nullptr).release();
  static SSL_CTX* const stranger = ClientContext(&AllIdentities().untrusted).release();
  static SSL_CTX* const without_alpn = ClientContext(&AllIdentities().client, false).release();
  switch (choices.Below(10)) {
    case 0:
      return choices.OneIn(2) ? anonymous : stranger;
    case 1:
      return without_alpn;
    case 2:
    case 3:
    case 4:
      return brief;
    case 5:
      return other;
    default:
      return client;
  }
}

std::string PrincipalOf(const Peer& peer) {
  return peer.uri_sans.empty() ? peer.counted_as : peer.uri_sans.front();
}

}  // namespace credential_broker::walk
