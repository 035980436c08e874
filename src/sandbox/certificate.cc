#include "sandbox/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/strings.h"

namespace credential_broker::sandbox {

void OpensslFree::operator()(SSL_CTX* object) const { SSL_CTX_free(object); }
void OpensslFree::operator()(SSL* object) const { SSL_free(object); }
void OpensslFree::operator()(X509* object) const { X509_free(object); }
void OpensslFree::operator()(EVP_PKEY* object) const { EVP_PKEY_free(object); }

namespace {

using X509Ptr = std::unique_ptr<X509, OpensslFree>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree>;

constexpr int kClockDifference = 60 * 60;
constexpr int kLifetime = 365 * 24 * 60 * 60;

absl::Status OpensslError(std::string_view what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  return absl::InternalError(StrCat("the sandbox's certificate: ", what, ": ", text.data()));
}

KeyPtr NewKey() { return KeyPtr(EVP_EC_gen("P-256")); }

bool AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

// A certificate for `key` without its extensions. `issuer` null: itself.
X509Ptr NewCertificate(const char* name, EVP_PKEY* key, X509* issuer) {
  X509Ptr certificate(X509_new());
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kClockDifference);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kLifetime);
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_issuer_name(certificate.get(),
                       issuer == nullptr ? subject : X509_get_subject_name(issuer));
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

X509Ptr NewCa(EVP_PKEY* key) {
  X509Ptr ca = NewCertificate("credential-broker sandbox CA", key, nullptr);
  const bool made =
      AddExtension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      AddExtension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
      AddExtension(ca.get(), ca.get(), NID_subject_key_identifier, "hash") &&
      X509_sign(ca.get(), key, EVP_sha256()) != 0;
  return made ? std::move(ca) : nullptr;
}

bool IsAddress(const std::string& name) {
  in6_addr address;
  return inet_pton(AF_INET, name.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

// OpenSSL reads the list as configuration text, so nothing else may stand in a name.
bool IsPlain(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == ':' ||
           c == '_';
  });
}

X509Ptr NewServer(const std::vector<std::string>& names, EVP_PKEY* key, X509* ca,
                  EVP_PKEY* ca_key) {
  X509Ptr server = NewCertificate("credential-broker sandbox", key, ca);
  const std::string alternatives =
      absl::StrJoin(names, ",", [](std::string* out, const std::string& name) {
        absl::StrAppend(out, IsAddress(name) ? "IP:" : "DNS:", name);
      });
  const bool made = AddExtension(server.get(), ca, NID_basic_constraints, "critical,CA:FALSE") &&
                    AddExtension(server.get(), ca, NID_key_usage, "critical,digitalSignature") &&
                    AddExtension(server.get(), ca, NID_ext_key_usage, "serverAuth") &&
                    AddExtension(server.get(), ca, NID_subject_key_identifier, "hash") &&
                    AddExtension(server.get(), ca, NID_authority_key_identifier, "keyid") &&
                    AddExtension(server.get(), ca, NID_subject_alt_name, alternatives) &&
                    X509_sign(server.get(), ca_key, EVP_sha256()) != 0;
  return made ? std::move(server) : nullptr;
}

std::string Pem(X509* certificate) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  PEM_write_bio_X509(bio.get(), certificate);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

absl::StatusOr<Certificate> MakeCertificate(const std::vector<std::string>& names) {
  if (names.empty() || !std::all_of(names.begin(), names.end(), IsPlain)) {
    return absl::InvalidArgumentError("a name of the sandbox is no host name and no IP address");
  }
  const KeyPtr ca_key = NewKey();
  const KeyPtr key = NewKey();
  if (ca_key == nullptr || key == nullptr) {
    return OpensslError("making a key");
  }
  const X509Ptr ca = NewCa(ca_key.get());
  const X509Ptr server =
      ca == nullptr ? nullptr : NewServer(names, key.get(), ca.get(), ca_key.get());
  if (server == nullptr) {
    return OpensslError("signing");
  }
  Certificate made{Pem(ca.get()), SslContextPtr(SSL_CTX_new(TLS_server_method()))};
  if (made.context == nullptr ||
      SSL_CTX_set_min_proto_version(made.context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_use_certificate(made.context.get(), server.get()) != 1 ||
      SSL_CTX_use_PrivateKey(made.context.get(), key.get()) != 1) {
    return OpensslError("setting up TLS");
  }
  return made;
}

}  // namespace credential_broker::sandbox
