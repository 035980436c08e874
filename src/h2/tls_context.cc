#include "h2/tls_context.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/strings.h"

namespace credential_broker::h2 {
namespace {

using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;

constexpr unsigned char kAlpn[] = {2, 'h', '2'};

// Takes OpenSSL's errors of this thread away; returns the text of the last.
std::string TakeError() {
  unsigned long error = ERR_peek_last_error();  // NOLINT(google-runtime-int)
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason == nullptr ? "unknown error" : reason;
}

// OpenSSL would ask on the terminal for the passphrase of an encrypted key.
int NoPassphrase(char*, int, int, void*) { return 0; }

BioPtr Reader(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(std::string_view what, std::string_view pem) {
  std::vector<X509Ptr> certificates;
  BioPtr reader = Reader(pem);
  while (X509* certificate = PEM_read_bio_X509(reader.get(), nullptr, NoPassphrase, nullptr)) {
    certificates.emplace_back(certificate);
  }
  bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  std::string error = TakeError();
  if (!at_end) {
    return absl::InvalidArgumentError(StrCat(what, ": certificate ", certificates.size() + 1,
                                             " cannot be read: ", error, "; is the file whole?"));
  }
  if (certificates.empty()) {
    return absl::InvalidArgumentError(
        StrCat(what, ": no certificate in it; expected PEM, -----BEGIN CERTIFICATE-----"));
  }
  return certificates;
}

absl::Status CheckNotExpired(const X509& certificate) {
  const ASN1_TIME* end = X509_get0_notAfter(&certificate);
  if (X509_cmp_current_time(end) >= 0) {
    return absl::OkStatus();
  }
  BioPtr text(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(text.get(), end);
  char* data = nullptr;
  auto size = static_cast<std::size_t>(BIO_get_mem_data(text.get(), &data));
  return absl::FailedPreconditionError(
      StrCat("TLS certificate: it expired on ", std::string_view(data, size), "; renew it"));
}

absl::Status UseCertificate(SSL_CTX* context, std::string_view pem) {
  auto chain = ReadCertificates("TLS certificate", pem);
  if (!chain.ok()) {
    return chain.status();
  }
  if (absl::Status fresh = CheckNotExpired(*chain->front()); !fresh.ok()) {
    return fresh;
  }
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1) {
    return absl::InvalidArgumentError(StrCat("TLS certificate: ", TakeError()));
  }
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1) {
      return absl::InvalidArgumentError(
          StrCat("TLS certificate: certificate ", i + 1, " of the chain: ", TakeError()));
    }
  }
  return absl::OkStatus();
}

absl::Status UseKey(SSL_CTX* context, const Secret& pem) {
  BioPtr reader = Reader(pem.Reveal());
  PkeyPtr key(PEM_read_bio_PrivateKey(reader.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        StrCat("TLS private key: cannot be read: ", TakeError(),
               "; expected an unencrypted PEM, -----BEGIN PRIVATE KEY----- or the like"));
  }
  // Also compares it with the certificate.
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return absl::InvalidArgumentError(
        StrCat("TLS private key: it does not belong to the certificate (", TakeError(),
               "); give the key that the certificate was issued for"));
  }
  return absl::OkStatus();
}

absl::Status UseClientCa(SSL_CTX* context, std::string_view pem) {
  auto authorities = ReadCertificates("client CA", pem);
  if (!authorities.ok()) {
    return authorities.status();
  }
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const X509Ptr& authority : *authorities) {
    if (X509_STORE_add_cert(store, authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context, authority.get()) != 1) {
      return absl::InvalidArgumentError(StrCat("client CA: ", TakeError()));
    }
  }
  // An intermediate that is named is trusted without its root, as everywhere outside OpenSSL.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return absl::OkStatus();
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

void Configure(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Of TLS 1.2, what RFC 9113 §9.2.2 allows.
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One read for a record instead of two.
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  constexpr unsigned char kSessionContext[] = "credential-broker";
  SSL_CTX_set_session_id_context(context, kSessionContext, sizeof(kSessionContext) - 1);
  SSL_CTX_set_alpn_select_cb(context, SelectAlpn, nullptr);
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Create(const TlsIdentity& identity) {
  ERR_clear_error();
  SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) {
    return absl::ResourceExhaustedError(StrCat("TLS: ", TakeError()));
  }
  Configure(context.get());
  if (absl::Status used = UseCertificate(context.get(), identity.certificate_chain); !used.ok()) {
    return used;
  }
  if (absl::Status used = UseKey(context.get(), identity.private_key); !used.ok()) {
    return used;
  }
  if (!identity.client_ca.empty()) {
    if (absl::Status used = UseClientCa(context.get(), identity.client_ca); !used.ok()) {
      return used;
    }
  }
  return std::make_shared<const TlsContext>(std::move(context));
}

SslPtr TlsContext::NewConnection() const {
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl != nullptr) {
    SSL_set_accept_state(ssl.get());
  }
  return ssl;
}

void ReadPeerCertificate(const SSL& ssl, Peer& peer) {
  X509* certificate = SSL_get0_peer_certificate(&ssl);
  if (certificate == nullptr || SSL_get_verify_result(&ssl) != X509_V_OK) {
    return;
  }
  peer.has_certificate = true;
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

}  // namespace credential_broker::h2
