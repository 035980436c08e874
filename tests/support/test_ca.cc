#include "support/test_ca.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <functional>
#include <stdexcept>

namespace credential_broker {
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

std::shared_ptr<BIO> Reader(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
}

// `issuer`: of an authorityKeyIdentifier; else of no matter.
X509_EXTENSION* NewExtension(X509* issuer, X509* subject, X509_CRL* crl, int nid,
                             const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, subject, nullptr, crl, 0);
  return X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509_EXTENSION* extension = NewExtension(issuer, certificate, nullptr, nid, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void SetTime(ASN1_TIME* time, absl::Duration from_now) {
  X509_time_adj_ex(time, 0, absl::ToInt64Seconds(from_now), nullptr);
}

std::shared_ptr<X509> NewCertificate(EVP_PKEY* key, const std::string& name, int days,
                                     absl::Duration valid_in = -absl::Hours(48)) {
  static long serial = 1;  // NOLINT(google-runtime-int)
  std::shared_ptr<X509> certificate(X509_new(), &X509_free);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  SetTime(X509_getm_notBefore(certificate.get()), valid_in);
  SetTime(X509_getm_notAfter(certificate.get()), absl::Hours(24) * days);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

void AddExtensions(X509_CRL* crl, const CrlOptions& options) {
  const auto add_integer = [crl](int nid, int value, int critical) {
    std::shared_ptr<ASN1_INTEGER> integer(ASN1_INTEGER_new(), &ASN1_INTEGER_free);
    ASN1_INTEGER_set(integer.get(), value);
    X509_CRL_add1_ext_i2d(crl, nid, integer.get(), critical, 0);
  };
  if (options.number > 0) {
    add_integer(NID_crl_number, options.number, 0);
  }
  if (options.delta) {
    add_integer(NID_delta_crl, 1, 1);
  }
  if (options.unknown_critical) {
    add_integer(NID_inhibit_any_policy, 1, 1);  // an extension of certificates
  }
  if (options.indirect || options.some_reasons) {
    std::shared_ptr<ISSUING_DIST_POINT> point(ISSUING_DIST_POINT_new(), &ISSUING_DIST_POINT_free);
    point->indirectCRL = options.indirect ? 0xFF : 0;
    if (options.some_reasons) {
      point->onlysomereasons = ASN1_BIT_STRING_new();
      ASN1_BIT_STRING_set_bit(point->onlysomereasons, 1, 1);  // keyCompromise
    }
    X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, point.get(), 1, 0);
  }
}

}  // namespace

void UseIdentity(SSL_CTX* context, const PemIdentity& identity) {
  const std::shared_ptr<BIO> chain = Reader(identity.certificate);
  const std::shared_ptr<X509> leaf(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr),
                                   &X509_free);
  const std::shared_ptr<BIO> key_text = Reader(identity.key);
  const std::shared_ptr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    throw std::runtime_error("not a certificate and its key");
  }
  while (X509* issuer = PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr)) {
    SSL_CTX_add0_chain_cert(context, issuer);
  }
  ERR_clear_error();
}

TestCa::TestCa(const std::string& name, const TestCaOptions& options)
    : name_(name),
      options_(options),
      key_(NewKey()),
      certificate_(NewCertificate(key_.get(), name, options.days)) {
  Sign(*certificate_, *key_);
}

TestCa::TestCa(const std::string& name, const TestCa& parent, const TestCaOptions& options)
    : name_(name),
      options_(options),
      key_(NewKey()),
      certificate_(NewCertificate(key_.get(), name, options.days)) {
  Sign(*parent.certificate_, *parent.key_);
}

TestCa TestCa::Renewed(const TestCa& parent) const {
  TestCa next = *this;
  next.certificate_ = NewCertificate(key_.get(), name_, options_.days);
  next.Sign(*parent.certificate_, *parent.key_);
  return next;
}

void TestCa::Sign(X509& issuer, EVP_PKEY& key) {
  X509* certificate = certificate_.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(&issuer));
  if (options_.version_1) {
    X509_set_version(certificate, X509_VERSION_1);
  } else {
    AddExtension(certificate, &issuer, NID_basic_constraints, "critical,CA:TRUE");
    if (!options_.key_usage.empty()) {
      AddExtension(certificate, &issuer, NID_key_usage, options_.key_usage);
    }
    if (options_.key_id) {
      AddExtension(certificate, &issuer, NID_subject_key_identifier, "hash");
      AddExtension(certificate, &issuer, NID_authority_key_identifier, "keyid");
    }
  }
  X509_sign(certificate, options_.forged ? key_.get() : &key, EVP_sha256());
  pem_ = CertificatePem(certificate);
}

std::string TestCa::Crl(const std::vector<std::string>& revoked, absl::Duration valid_for,
                        const CrlOptions& options) const {
  std::shared_ptr<X509_CRL> crl(X509_CRL_new(), &X509_CRL_free);
  X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(certificate_.get()));
  std::shared_ptr<ASN1_TIME> time(ASN1_TIME_new(), &ASN1_TIME_free);
  SetTime(time.get(), options.issued);
  X509_CRL_set1_lastUpdate(crl.get(), time.get());
  SetTime(time.get(), valid_for);
  X509_CRL_set1_nextUpdate(crl.get(), time.get());
  for (const std::string& pem : revoked) {
    const std::shared_ptr<X509> certificate(
        PEM_read_bio_X509(Reader(pem).get(), nullptr, nullptr, nullptr), &X509_free);
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(certificate.get()));
    X509_REVOKED_set_revocationDate(entry, time.get());
    X509_CRL_add0_revoked(crl.get(), entry);
  }
  if (options.key_id && options_.key_id) {
    X509_EXTENSION* key_id = NewExtension(certificate_.get(), nullptr, crl.get(),
                                          NID_authority_key_identifier, "keyid:always");
    X509_CRL_add_ext(crl.get(), key_id, -1);
    X509_EXTENSION_free(key_id);
  }
  AddExtensions(crl.get(), options);
  X509_CRL_sort(crl.get());
  X509_CRL_sign(crl.get(), key_.get(), EVP_sha256());
  return ToPem([&](BIO* out) { PEM_write_bio_X509_CRL(out, crl.get()); });
}

PemIdentity TestCa::Issue(const std::string& sans, int days, absl::Duration valid_in) const {
  return IssueWith(sans, options_.key_id ? "keyid:always" : "", days, valid_in);
}

PemIdentity TestCa::IssueBySerial(const std::string& sans) const {
  return IssueWith(sans, "keyid:always,issuer:always", 1, -absl::Hours(48));
}

PemIdentity TestCa::IssueWith(const std::string& sans, const std::string& key_id, int days,
                              absl::Duration valid_in) const {
  std::shared_ptr<EVP_PKEY> key = NewKey();
  std::shared_ptr<X509> certificate = NewCertificate(key.get(), "leaf", days, valid_in);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  if (!sans.empty()) {
    AddExtension(certificate.get(), certificate_.get(), NID_subject_alt_name, sans);
  }
  if (!key_id.empty()) {
    AddExtension(certificate.get(), certificate_.get(), NID_authority_key_identifier, key_id);
  }
  X509_sign(certificate.get(), key_.get(), EVP_sha256());
  return {CertificatePem(certificate.get()), ToPem([&](BIO* out) {
            PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace credential_broker
