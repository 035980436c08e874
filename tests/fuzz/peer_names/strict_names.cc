#include "peer_names/strict_names.h"

#include <openssl/asn1.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace credential_broker::h2 {
namespace {

struct Element {
  std::uint8_t tag;
  std::string_view content;
};

// Takes an element of DER off `bytes`. None: it is not DER, or has a tag of several bytes.
std::optional<Element> TakeElement(std::string_view& bytes) {
  const auto byte_at = [&bytes](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  constexpr std::uint8_t kLongTag = 0x1f;
  if (bytes.size() < 2 || (byte_at(0) & kLongTag) == kLongTag) {
    return std::nullopt;
  }
  const std::uint8_t tag = byte_at(0);
  std::size_t length = byte_at(1);
  std::size_t header = 2;
  if (length >= 0x80) {
    const std::size_t more = length - 0x80;
    if (more == 0 || more > 2 || bytes.size() < 2 + more || byte_at(2) == 0) {
      return std::nullopt;
    }
    length = more == 1 ? byte_at(2) : byte_at(2) * 256U + byte_at(3);
    header += more;
    if (length < 0x80) {
      return std::nullopt;
    }
  }
  if (bytes.size() - header < length) {
    return std::nullopt;
  }
  const Element element{tag, bytes.substr(header, length)};
  bytes.remove_prefix(header + length);
  return element;
}

}  // namespace

StrictNames StrictNames::Read(const X509& certificate) {
  StrictNames names;
  const int at = X509_get_ext_by_NID(&certificate, NID_subject_alt_name, -1);
  if (at < 0 || X509_get_ext_by_NID(&certificate, NID_subject_alt_name, at) >= 0) {
    return names;
  }
  names.kind = Kind::kNotDer;
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(&certificate, at));
  std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                         static_cast<std::size_t>(ASN1_STRING_length(value)));
  const std::optional<Element> sequence = TakeElement(bytes);
  if (!sequence.has_value() || sequence->tag != 0x30 || !bytes.empty()) {
    return names;
  }
  Kind kind = Kind::kSimple;
  for (std::string_view rest = sequence->content; !rest.empty();) {
    const std::optional<Element> name = TakeElement(rest);
    // RFC 5280 §4.2.1.6: [1] rfc822Name, [2] dNSName and [6] uniformResourceIdentifier are strings
    // and implicitly tagged, so that they are primitive. The same tags as constructed are BER.
    if (!name.has_value() || name->tag == 0xa1 || name->tag == 0xa2 || name->tag == 0xa6) {
      return names;
    }
    if (name->tag == 0x86) {
      names.uris.emplace_back(name->content);
    } else if (name->tag == 0x82) {
      names.dns_names.emplace_back(name->content);
    } else if (name->tag != 0x81) {
      kind = Kind::kOthers;
    }
  }
  names.kind = kind;
  return names;
}

bool IsStrictSpiffeId(std::string_view text) {
  constexpr std::string_view kScheme = "spiffe://";
  constexpr std::string_view kOfDomains = "0123456789abcdefghijklmnopqrstuvwxyz-._";
  constexpr std::string_view kOfPaths =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._";
  if (text.size() > 2048 || text.substr(0, kScheme.size()) != kScheme) {
    return false;
  }
  bool in_domain = true;
  std::string segment;
  for (const char c : std::string(text.substr(kScheme.size())) + '/') {
    if (c != '/') {
      if ((in_domain ? kOfDomains : kOfPaths).find(c) == std::string_view::npos) {
        return false;
      }
      segment += c;
      continue;
    }
    if (segment.empty() || (in_domain && segment.size() > 255) ||
        (!in_domain && (segment == "." || segment == ".."))) {
      return false;
    }
    in_domain = false;
    segment.clear();
  }
  return true;
}

}  // namespace credential_broker::h2
