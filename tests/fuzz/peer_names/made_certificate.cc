#include "peer_names/made_certificate.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace credential_broker::h2 {
namespace {

constexpr long kDay = 24L * 60 * 60;  // NOLINT(google-runtime-int): the type that OpenSSL has

void AddExtension(X509& certificate, int nid, std::string_view value) {
  ASN1_OCTET_STRING* octets = ASN1_OCTET_STRING_new();
  ASN1_OCTET_STRING_set(octets, reinterpret_cast<const unsigned char*>(value.data()),
                        static_cast<int>(value.size()));
  X509_EXTENSION* extension =
      X509_EXTENSION_create_by_NID(nullptr, nid, /*crit=*/nid == NID_basic_constraints, octets);
  X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(octets);
}

}  // namespace

CarelessAuthority::CarelessAuthority()
    : key_(EVP_EC_gen("P-256")),
      leaf_key_(EVP_EC_gen("P-256")),
      certificate_(NewCertificate("careless CA", key_.get())) {
  AddExtension(*certificate_, NID_basic_constraints, "\x30\x03\x01\x01\xff");
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  const BioPtr text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(text.get(), certificate_.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);  // NOLINT(google-runtime-int)
  pem_.assign(data, static_cast<std::size_t>(size));
}

X509Ptr CarelessAuthority::NewCertificate(const char* name, EVP_PKEY* key) const {
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

X509Ptr CarelessAuthority::Sign(X509Ptr certificate) const {
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  if (X509_sign(certificate.get(), key_.get(), EVP_sha256()) == 0) {
    return nullptr;
  }
  // As a server receives it: decoded from what is encoded now.
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size <= 0) {
    return nullptr;
  }
  const unsigned char* at = der;
  X509Ptr received(d2i_X509(nullptr, &at, size));
  OPENSSL_free(der);
  return received;
}

X509Ptr CarelessAuthority::IssueWithNames(std::string_view value) const {
  X509Ptr certificate = NewCertificate("leaf", leaf_key_.get());
  AddExtension(*certificate, NID_subject_alt_name, value);
  return Sign(std::move(certificate));
}

X509Ptr CarelessAuthority::IssueWithExtensions(std::string_view extensions) const {
  static constexpr std::array<int, 8> kTypes = {
      NID_subject_alt_name, NID_subject_alt_name,
      NID_issuer_alt_name,  NID_key_usage,
      NID_ext_key_usage,    NID_basic_constraints,
      NID_name_constraints, NID_authority_key_identifier,
  };
  X509Ptr certificate = NewCertificate("leaf", leaf_key_.get());
  constexpr std::size_t kHeader = 3;
  while (extensions.size() >= kHeader) {
    const auto byte_at = [extensions](std::size_t i) {
      return static_cast<std::uint8_t>(extensions[i]);
    };
    const int type = kTypes.at(byte_at(0) % kTypes.size());
    const std::size_t size =
        std::min<std::size_t>(byte_at(1) * 256U + byte_at(2), extensions.size() - kHeader);
    AddExtension(*certificate, type, extensions.substr(kHeader, size));
    extensions.remove_prefix(kHeader + size);
  }
  return Sign(std::move(certificate));
}

X509Ptr CarelessAuthority::SignAnew(std::string_view der) const {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  X509Ptr certificate(
      d2i_X509(nullptr, &at, static_cast<long>(der.size())));  // NOLINT(google-runtime-int)
  if (certificate == nullptr) {
    return nullptr;
  }
  X509_set_pubkey(certificate.get(), leaf_key_.get());
  return Sign(std::move(certificate));
}

}  // namespace credential_broker::h2
