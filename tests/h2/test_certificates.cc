#include "h2/test_certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <functional>

namespace credential_broker::h2 {
namespace {

std::shared_ptr<EVP_PKEY> NewKey() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

std::string ToPem(const std::function<void(BIO*)>& write) {
  std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), &BIO_free);
  write(text.get());
  char* data = nullptr;
  auto size = static_cast<std::size_t>(BIO_get_mem_data(text.get(), &data));
  return {data, size};
}

std::string CertificatePem(X509* certificate) {
  return ToPem([&](BIO* out) { PEM_write_bio_X509(out, certificate); });
}

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::shared_ptr<X509> NewCertificate(EVP_PKEY* key, const char* name, int days) {
  static long serial = 1;  // NOLINT(google-runtime-int)
  std::shared_ptr<X509> certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_time_adj_ex(X509_getm_notBefore(certificate.get()), -2, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(certificate.get()), days, 0, nullptr);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

}  // namespace

TestAuthority::TestAuthority() : key_(NewKey()), certificate_(NewCertificate(key_.get(), "CA", 1)) {
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  AddExtension(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  pem_ = CertificatePem(certificate_.get());
}

PemIdentity TestAuthority::Issue(const std::string& sans, int days) const {
  std::shared_ptr<EVP_PKEY> key = NewKey();
  std::shared_ptr<X509> certificate = NewCertificate(key.get(), "leaf", days);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  if (!sans.empty()) {
    AddExtension(certificate.get(), NID_subject_alt_name, sans);
  }
  X509_sign(certificate.get(), key_.get(), EVP_sha256());
  return {CertificatePem(certificate.get()), ToPem([&](BIO* out) {
            PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace credential_broker::h2
