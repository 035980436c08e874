#include "h2/client_trust.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "base/strings.h"

namespace credential_broker::h2 {
namespace {

using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, OpensslDeleter<X509_STORE_CTX_free>>;

// OpenSSL computes what it reads of an extension at the first use, and sorts a CRL then. Done here,
// handshakes on several threads only read.
void Prepare(X509* certificate) { X509_check_purpose(certificate, -1, -1); }

void Prepare(X509_CRL* crl) {
  const std::unique_ptr<ASN1_INTEGER, OpensslDeleter<ASN1_INTEGER_free>> serial(ASN1_INTEGER_new());
  X509_REVOKED* revoked = nullptr;
  X509_CRL_get0_by_serial(crl, &revoked, serial.get());
}

// Errors that are about a CRL and not about the certificate.
bool IsCrlError(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
      return true;
    default:
      return false;
  }
}

}  // namespace

void KeepFirstToExpire(const X509* certificate, std::optional<CertificateValidity>& first) {
  const absl::Time not_after = ToTime(X509_get0_notAfter(certificate));
  if (!first.has_value() || not_after < first->not_after) {
    first = {ToTime(X509_get0_notBefore(certificate)), not_after};
  }
}

int ClientTrust::StoreIndex() {
  static const int index = CRYPTO_get_ex_new_index(
      CRYPTO_EX_INDEX_X509_STORE, 0, nullptr, nullptr, nullptr,
      [](void*, void* trust, CRYPTO_EX_DATA*, int, long, void*) {  // NOLINT(google-runtime-int)
        delete static_cast<ClientTrust*>(trust);
      });
  return index;
}

absl::Status ClientTrust::Install(SSL_CTX& context, const TlsIdentity& identity) {
  X509_STORE* store = SSL_CTX_get_cert_store(&context);
  std::unique_ptr<ClientTrust> owned(new ClientTrust(*store));
  if (X509_STORE_set_ex_data(store, StoreIndex(), owned.get()) != 1) {
    return absl::ResourceExhaustedError(StrCat("client CA: ", TakeOpensslError()));
  }
  ClientTrust& trust = *owned.release();  // the store's from here on
  trust.allow_pinned_client_ = identity.allow_pinned_client;
  if (!identity.client_ca.empty()) {
    if (absl::Status added = trust.AddAuthority(context, "client CA", identity.client_ca, nullptr,
                                                identity.client_authorities.size());
        !added.ok()) {
      return added;
    }
  }
  for (std::size_t i = 0; i < identity.client_authorities.size(); ++i) {
    const ClientAuthority& authority = identity.client_authorities[i];
    if (absl::Status added = trust.AddAuthority(
            context, StrCat("client CA ", authority.name), authority.certificates,
            std::make_shared<const CertificateScope>(authority.scope), i);
        !added.ok()) {
      return added;
    }
  }
  // An intermediate that is named is trusted without its root, as everywhere outside OpenSSL.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  if (!identity.client_crls.empty()) {
    if (absl::Status added = trust.AddCrls(identity.client_crls); !added.ok()) {
      return added;
    }
    SSL_CTX_set_cert_verify_callback(
        &context,
        [](X509_STORE_CTX* verification, void*) {
          return VerifyWithCrls(*verification, &ClientTrust::OnVerify) ? 1 : 0;
        },
        nullptr);
  }
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return absl::OkStatus();
}

const ClientTrust* ClientTrust::Of(const SSL_CTX& context) {
  return static_cast<const ClientTrust*>(
      X509_STORE_get_ex_data(SSL_CTX_get_cert_store(&context), StoreIndex()));
}

absl::Status ClientTrust::AddAuthority(SSL_CTX& context, std::string_view what,
                                       std::string_view pem,
                                       const std::shared_ptr<const CertificateScope>& scope,
                                       std::size_t entry) {
  absl::StatusOr<std::vector<X509Ptr>> certificates = ReadCertificates(what, pem);
  if (!certificates.ok()) {
    return certificates.status();
  }
  for (X509Ptr& certificate : *certificates) {
    // 1: it is a CA by basicConstraints, and by keyUsage where it has one. 0: it can issue nothing.
    const int ca = X509_check_ca(certificate.get());
    if (ca != 1 && (!allow_pinned_client_ || ca != 0)) {
      return absl::InvalidArgumentError(
          StrCat(what, ": the certificate ", NameText(X509_get_subject_name(certificate.get())),
                 " is not a CA (it has no basicConstraints CA:TRUE, or a keyUsage without "
                 "keyCertSign); use the certificate of the CA that issued it"));
    }
    const auto elsewhere =
        std::find_if(authorities_.begin(), authorities_.end(), [&](const Authority& known) {
          return known.entry != entry && HaveSameKey(known.certificate.get(), certificate.get());
        });
    if (elsewhere != authorities_.end()) {
      return absl::InvalidArgumentError(
          StrCat(what, ": the CA ", NameText(X509_get_subject_name(certificate.get())),
                 " is in another entry of client_ca too; list each CA in one entry, with all of "
                 "its trust_domains"));
    }
    if (X509_STORE_add_cert(&store_, certificate.get()) != 1 ||
        SSL_CTX_add_client_CA(&context, certificate.get()) != 1) {
      return absl::InvalidArgumentError(StrCat(what, ": ", TakeOpensslError()));
    }
    Prepare(certificate.get());
    authorities_.push_back({std::move(certificate), scope, entry});
  }
  return absl::OkStatus();
}

absl::Status ClientTrust::AddCrls(std::string_view pem) {
  std::vector<X509*> certificates;
  for (const Authority& authority : authorities_) {
    certificates.push_back(authority.certificate.get());
  }
  absl::StatusOr<ClientCrls> crls = ReadClientCrls(pem, certificates);
  if (!crls.ok()) {
    return crls.status();
  }
  crls_ = std::move(crls->in_force);
  crl_size_ = pem.size();
  report_.superseded_crls = std::move(crls->superseded);
  for (const ClientCrl& crl : crls_) {
    if (X509_STORE_add_crl(&store_, crl.crl.get()) != 1) {
      return absl::InvalidArgumentError(StrCat("CRL: ", TakeOpensslError()));
    }
    Prepare(crl.crl.get());
    const absl::Time issued_at = ToTime(X509_CRL_get0_lastUpdate(crl.crl.get()));
    const absl::Time expires_at = ToTime(X509_CRL_get0_nextUpdate(crl.crl.get()));
    const auto [first, added] =
        report_.crls.try_emplace(NameText(X509_CRL_get_issuer(crl.crl.get())),
                                 ClientTrustReport::Crl{issued_at, expires_at});
    if (!added && expires_at < first->second.expires_at) {
      first->second = {issued_at, expires_at};
    }
  }
  for (const Authority& authority : authorities_) {
    if (!HasCrlOf(*authority.certificate)) {
      report_.authorities_without_crl.push_back(
          NameText(X509_get_subject_name(authority.certificate.get())));
    }
  }
  return absl::OkStatus();
}

std::optional<CertificateValidity> ClientTrust::first_to_expire() const {
  std::optional<CertificateValidity> first;
  for (const Authority& authority : authorities_) {
    KeepFirstToExpire(authority.certificate.get(), first);
  }
  return first;
}

bool ClientTrust::HasCrlOf(const X509& issuer) const {
  return std::any_of(crls_.begin(), crls_.end(), [&issuer](const ClientCrl& crl) {
    return crl.signer != nullptr ? HaveSameKey(crl.signer, &issuer)
                                 : X509_NAME_cmp(X509_CRL_get_issuer(crl.crl.get()),
                                                 X509_get_subject_name(&issuer)) == 0;
  });
}

bool ClientTrust::VerifyWithCrls(X509_STORE_CTX& verification, X509_STORE_CTX_verify_cb on_error) {
  // OpenSSL looks at CRLs before it verifies the signatures of the chain. A client could choose the
  // key that a CRL is verified with, such as an RSA key of which that takes 9 ms, by a certificate
  // that no CA has signed. So the chain is verified without CRLs first, unless the client sent its
  // own certificate alone, whose issuer is a client CA then.
  X509* leaf = X509_STORE_CTX_get0_cert(&verification);
  STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(&verification);
  const bool leaf_alone =
      sk_X509_num(sent) <= 0 || (sk_X509_num(sent) == 1 && sk_X509_value(sent, 0) == leaf);
  if (!leaf_alone) {
    const StoreContextPtr first(X509_STORE_CTX_new());
    if (first == nullptr ||
        X509_STORE_CTX_init(first.get(), X509_STORE_CTX_get0_store(&verification), leaf, sent) !=
            1 ||
        X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(first.get()),
                               X509_STORE_CTX_get0_param(&verification)) != 1) {
      X509_STORE_CTX_set_error(&verification, X509_V_ERR_OUT_OF_MEM);
      return false;
    }
    if (X509_verify_cert(first.get()) != 1) {
      X509_STORE_CTX_set_error(&verification, X509_STORE_CTX_get_error(first.get()));
      return false;
    }
  }
  X509_STORE_CTX_set_flags(&verification, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  X509_STORE_CTX_set_verify_cb(&verification, on_error);
  return X509_verify_cert(&verification) == 1;
}

int ClientTrust::OnVerify(int ok, X509_STORE_CTX* verification) {
  if (ok == 1) {
    return 1;
  }
  const int error = X509_STORE_CTX_get_error(verification);
  const int depth = X509_STORE_CTX_get_error_depth(verification);
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(verification);
  bool pass = false;
  if (depth + 1 == sk_X509_num(chain)) {
    // The CA itself is trusted because the configuration names it, whatever its issuer's CRL is
    // like; nothing here verifies that one.
    pass = IsCrlError(error) || error == X509_V_ERR_CERT_REVOKED;
  } else if (error == X509_V_ERR_CRL_NOT_YET_VALID) {
    pass = true;  // ReadClientCrls has allowed for kMaxClockSkew
  } else if (error == X509_V_ERR_UNABLE_TO_GET_CRL) {
    const auto* trust = static_cast<const ClientTrust*>(
        X509_STORE_get_ex_data(X509_STORE_CTX_get0_store(verification), StoreIndex()));
    const X509* issuer = sk_X509_value(chain, depth + 1);
    pass = issuer != nullptr && !trust->HasCrlOf(*issuer);
  }
  if (pass) {
    X509_STORE_CTX_set_error(verification, X509_V_OK);
  }
  return pass ? 1 : 0;
}

int ClientTrust::OnVerifyOpen(int ok, X509_STORE_CTX* verification) {
  if (ok != 1 && X509_STORE_CTX_get_error(verification) == X509_V_ERR_CRL_HAS_EXPIRED) {
    X509_STORE_CTX_set_error(verification, X509_V_OK);
    return 1;
  }
  return OnVerify(ok, verification);
}

std::shared_ptr<const CertificateScope> ClientTrust::ScopeOf(const STACK_OF(X509) * chain) const {
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    for (const Authority& authority : authorities_) {
      if (HaveSameKey(authority.certificate.get(), sk_X509_value(chain, i))) {
        return authority.scope;
      }
    }
  }
  // Never so far: a chain ends with a certificate of the store. It may have no name.
  static const auto nothing = std::make_shared<const CertificateScope>();
  return nothing;
}

absl::StatusOr<std::shared_ptr<const CertificateScope>> ClientTrust::Verify(const SSL& ssl) const {
  X509* const leaf = SSL_get0_peer_certificate(&ssl);
  if (leaf == nullptr) {
    return absl::UnauthenticatedError("the client showed no certificate");
  }
  const StoreContextPtr verification(X509_STORE_CTX_new());
  if (verification == nullptr ||
      X509_STORE_CTX_init(verification.get(), &store_, leaf, SSL_get_peer_cert_chain(&ssl)) != 1 ||
      X509_STORE_CTX_set_default(verification.get(), "ssl_client") != 1) {
    return absl::ResourceExhaustedError(TakeOpensslError());
  }
  const bool valid = crls_.empty() ? X509_verify_cert(verification.get()) == 1
                                   : VerifyWithCrls(*verification, &ClientTrust::OnVerifyOpen);
  ERR_clear_error();
  if (!valid) {
    return absl::UnauthenticatedError(
        X509_verify_cert_error_string(X509_STORE_CTX_get_error(verification.get())));
  }
  return ScopeOf(X509_STORE_CTX_get0_chain(verification.get()));
}

absl::Duration ClientTrust::verify_cost() const {
  // With a CRL of 0.95 MB, 1.5 ms: it is hashed for the leaf, and for a root that it is of too.
  return absl::Microseconds(300) + absl::Nanoseconds(2) * crl_size_;
}

}  // namespace credential_broker::h2
