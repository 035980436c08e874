#include "h2/openssl.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstddef>
#include <ctime>

#include "absl/status/status.h"
#include "base/strings.h"

namespace credential_broker::h2 {
namespace {

// Returns the number of the first line that begins with a dash and is not a whole BEGIN or END
// line, or 0. OpenSSL passes over such a line, and so over the object behind it: of a CRL file that
// was cut there, the older of two CRLs would be left.
std::size_t DamagedLine(std::string_view pem) {
  std::size_t number = 0;
  while (!pem.empty()) {
    ++number;
    std::string_view line = pem.substr(0, pem.find('\n'));
    pem.remove_prefix(std::min(line.size() + 1, pem.size()));
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    const bool is_whole = (line.starts_with("-----BEGIN ") || line.starts_with("-----END ")) &&
                          line.ends_with("-----");
    if (line.starts_with('-') && !is_whole) {
      return number;
    }
  }
  return 0;
}

// `read` returns the next object, or null at the end of the text and where one is broken.
template <typename Ptr, typename Read>
absl::StatusOr<std::vector<Ptr>> ReadAll(std::string_view what, std::string_view noun,
                                         std::string_view header, std::string_view pem, Read read) {
  std::vector<Ptr> objects;
  BioPtr reader = MemoryReader(pem);
  while (auto* object = read(reader.get())) {
    objects.emplace_back(object);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string error = TakeOpensslError();
  if (!at_end) {
    return absl::InvalidArgumentError(StrCat(what, ": ", noun, " ", objects.size() + 1,
                                             " cannot be read: ", error, "; is the file whole?"));
  }
  if (const std::size_t line = DamagedLine(pem); line != 0) {
    return absl::InvalidArgumentError(StrCat(what, ": line ", line, " is not a whole -----BEGIN ",
                                             header, "----- or -----END ", header,
                                             "----- line; is the file whole?"));
  }
  if (objects.empty()) {
    return absl::InvalidArgumentError(
        StrCat(what, ": no ", noun, " in it; expected PEM, -----BEGIN ", header, "-----"));
  }
  return objects;
}

}  // namespace

std::string TakeOpensslError() {
  const unsigned long error = ERR_peek_last_error();  // NOLINT(google-runtime-int)
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason == nullptr ? "unknown error" : reason;
}

int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return 0; }

BioPtr MemoryReader(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(std::string_view what, std::string_view pem) {
  return ReadAll<X509Ptr>(what, "certificate", "CERTIFICATE", pem, [](BIO* in) {
    return PEM_read_bio_X509(in, nullptr, NoPassphrase, nullptr);
  });
}

absl::StatusOr<std::vector<X509CrlPtr>> ReadCrls(std::string_view what, std::string_view pem) {
  return ReadAll<X509CrlPtr>(what, "certificate revocation list", "X509 CRL", pem, [](BIO* in) {
    return PEM_read_bio_X509_CRL(in, nullptr, NoPassphrase, nullptr);
  });
}

bool HaveSameKey(const X509* a, const X509* b) {
  const EVP_PKEY* key = X509_get0_pubkey(a);
  const bool same = key != nullptr && EVP_PKEY_eq(key, X509_get0_pubkey(b)) == 1;
  ERR_clear_error();  // keys of two kinds, or one that cannot be decoded
  return same;
}

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    return absl::InfiniteFuture();
  }
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string NameText(const X509_NAME* name) {
  BioPtr text(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_UTF8_CONVERT);
  char* data = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(text.get(), &data));
  return std::string(data, size);
}

}  // namespace credential_broker::h2
