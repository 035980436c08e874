#include "h2/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/strings.h"
#include "h2/client_trust.h"
#include "h2/handshake_scanner.h"

namespace credential_broker::h2 {
namespace {

constexpr unsigned char kAlpn[] = {2, 'h', '2'};

// Lists in a ClientHello, in bytes. OpenSSL makes objects of them that take up to 50 times as much
// memory and stay as long as the connection: 440 KB for a list of CAs in 8 KiB. Clients have no use
// for more: this is room for 128 cipher suites, and hardly any sends a list of OCSP responders or
// CAs.
constexpr std::size_t kMaxCipherList = 256;
constexpr std::size_t kMaxNameList = 128;

std::string Format(const ASN1_TIME* time) {
  BioPtr text(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(text.get(), time);
  char* data = nullptr;
  auto size = static_cast<std::size_t>(BIO_get_mem_data(text.get(), &data));
  return {data, size};
}

absl::Status CheckValidNow(const X509& certificate) {
  const ASN1_TIME* begin = X509_get0_notBefore(&certificate);
  if (ToTime(begin) > SystemClock().WallNow() + kMaxClockSkew) {
    return absl::FailedPreconditionError(
        StrCat("TLS certificate: it is not valid before ", Format(begin),
               " (notBefore); use one that is valid now, or correct this machine's clock"));
  }
  const ASN1_TIME* end = X509_get0_notAfter(&certificate);
  if (X509_cmp_current_time(end) < 0) {
    return absl::FailedPreconditionError(
        StrCat("TLS certificate: it expired on ", Format(end), "; renew it"));
  }
  return absl::OkStatus();
}

absl::Status UseCertificate(SSL_CTX* context, std::string_view pem) {
  auto chain = ReadCertificates("TLS certificate", pem);
  if (!chain.ok()) {
    return chain.status();
  }
  if (absl::Status valid = CheckValidNow(*chain->front()); !valid.ok()) {
    return valid;
  }
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1) {
    return absl::InvalidArgumentError(StrCat("TLS certificate: ", TakeOpensslError()));
  }
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) {
      return absl::InvalidArgumentError(
          StrCat("TLS certificate: certificate ", i + 1, " of the chain: ", TakeOpensslError()));
    }
  }
  return absl::OkStatus();
}

absl::Status UseKey(SSL_CTX* context, const Secret& pem) {
  BioPtr reader = MemoryReader(pem.Reveal());
  PkeyPtr key(PEM_read_bio_PrivateKey(reader.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        StrCat("TLS private key: cannot be read: ", TakeOpensslError(),
               "; expected an unencrypted PEM, -----BEGIN PRIVATE KEY----- or the like"));
  }
  // Also compares it with the certificate.
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return absl::InvalidArgumentError(
        StrCat("TLS private key: it does not belong to the certificate (", TakeOpensslError(),
               "); give the key that the certificate was issued for"));
  }
  return absl::OkStatus();
}

// Of all that decides about client certificates; parts are told apart by their lengths.
std::string TrustDigestOf(const TlsIdentity& identity) {
  std::string all;
  const auto add = [&all](std::string_view part) {
    all += StrCat(part.size(), ":");
    all += part;
  };
  add(identity.client_ca);
  add(identity.client_crls);
  for (const ClientAuthority& authority : identity.client_authorities) {
    add(authority.certificates);
    add(authority.scope.dns ? "dns" : "");
    for (const std::string& domain : authority.scope.trust_domains) {
      add(domain);
    }
    add(";");
  }
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(all.data()), all.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
               unsigned int in_size, void*) {
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kAlpn, sizeof(kAlpn), in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

// Called before OpenSSL reads the extensions.
int CheckClientHello(SSL* ssl, int* alert, void*) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  bool fits = SSL_client_hello_get0_ciphers(ssl, &bytes) <= kMaxCipherList;
  for (const unsigned int list :
       {TLSEXT_TYPE_status_request, TLSEXT_TYPE_certificate_authorities}) {
    fits =
        fits && (SSL_client_hello_get0_ext(ssl, list, &bytes, &size) != 1 || size <= kMaxNameList);
  }
  *alert = SSL_AD_HANDSHAKE_FAILURE;
  return fits ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

void Configure(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Of TLS 1.2, what RFC 9113 §9.2.2 allows.
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  // Without the finite-field groups of OpenSSL's default list: a handshake with ffdhe8192 costs a
  // client nothing and us a hundred times as much as these.
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  // A chain of eight certificates with RSA keys of 4096 bits; OpenSSL's default is 100 KiB.
  SSL_CTX_set_max_cert_list(context, HandshakeScanner::kMaxMessage);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One read for a record instead of two.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  constexpr unsigned char kSessionContext[] = "credential-broker";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof(kSessionContext) - 1);
  SSL_CTX_set_client_hello_cb(context, CheckClientHello, nullptr);
  SSL_CTX_set_alpn_select_cb(context, SelectAlpn, nullptr);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Create(const TlsIdentity& identity) {
  ERR_clear_error();
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) {
    return absl::ResourceExhaustedError(StrCat("TLS: ", TakeOpensslError()));
  }
  Configure(context.get());
  if (absl::Status used = UseCertificate(context.get(), identity.certificate_chain); !used.ok()) {
    return used;
  }
  if (absl::Status used = UseKey(context.get(), identity.private_key); !used.ok()) {
    return used;
  }
  if (identity.asks_for_certificate()) {
    if (absl::Status used = ClientTrust::Install(*context, identity); !used.ok()) {
      return used;
    }
  }
  return std::make_shared<const TlsContext>(std::move(context), TrustDigestOf(identity));
}

SslPtr TlsContext::NewConnection() const {
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl != nullptr) {
    SSL_set_accept_state(ssl.get());
  }
  return ssl;
}

bool TlsContext::Covers(const SSL& ssl, const Peer& peer) const {
  const ClientTrust* trust = ClientTrust::Of(*context_);
  if (trust == nullptr) {
    return !peer.has_certificate;
  }
  const auto scope = trust->Verify(ssl);
  return scope.ok() && (*scope == nullptr || (*scope)->Covers(peer));
}

absl::Duration TlsContext::CheckSpread(absl::Duration spread, std::size_t connections) const {
  const ClientTrust* trust = ClientTrust::Of(*context_);
  return trust == nullptr ? spread : std::max(spread, 5 * trust->verify_cost() * connections);
}

ClientTrustReport TlsContext::client_trust() const {
  const ClientTrust* trust = ClientTrust::Of(*context_);
  return trust == nullptr ? ClientTrustReport() : trust->report();
}

ExpiringCertificates TlsContext::expiring_certificates() const {
  ExpiringCertificates expiring;
  KeepFirstToExpire(SSL_CTX_get0_certificate(context_.get()), expiring.server);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context_.get(), static_cast<void*>(&chain));
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    KeepFirstToExpire(sk_X509_value(chain, i), expiring.server);
  }
  if (const ClientTrust* trust = ClientTrust::Of(*context_); trust != nullptr) {
    expiring.client_ca = trust->first_to_expire();
  }
  return expiring;
}

void ReadPeerCertificate(const SSL& ssl, Peer& peer) {
  X509* certificate = SSL_get0_peer_certificate(&ssl);
  if (certificate == nullptr || SSL_get_verify_result(&ssl) != X509_V_OK) {
    return;
  }
  peer.has_certificate = true;
  const STACK_OF(X509)* chain = SSL_get0_verified_chain(&ssl);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    peer.certificate_expires_at =
        std::min(peer.certificate_expires_at, ToTime(X509_get0_notAfter(sk_X509_value(chain, i))));
  }
  if (const ClientTrust* trust = ClientTrust::Of(*SSL_get_SSL_CTX(&ssl)); trust != nullptr) {
    peer.certificate_scope = trust->ScopeOf(chain);
  }
  std::unique_ptr<GENERAL_NAMES, OpensslDeleter<GENERAL_NAMES_free>> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type);
    if (type == GEN_URI || type == GEN_DNS) {
      const auto* text = static_cast<const ASN1_STRING*>(value);
      (type == GEN_URI ? peer.uri_sans : peer.dns_sans)
          .emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                        static_cast<std::size_t>(ASN1_STRING_length(text)));
    }
  }
}

absl::StatusOr<ClientTrustReport> CheckIdentity(const TlsIdentity& identity) {
  const absl::StatusOr<std::shared_ptr<const TlsContext>> context = TlsContext::Create(identity);
  if (!context.ok()) {
    return context.status();
  }
  return (*context)->client_trust();
}

}  // namespace credential_broker::h2
