#include "h2/client_crls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/strings.h"

namespace credential_broker::h2 {
namespace {

using AkidPtr = std::unique_ptr<AUTHORITY_KEYID, OpensslDeleter<AUTHORITY_KEYID_free>>;
using IdpPtr = std::unique_ptr<ISSUING_DIST_POINT, OpensslDeleter<ISSUING_DIST_POINT_free>>;
using IntegerPtr = std::unique_ptr<ASN1_INTEGER, OpensslDeleter<ASN1_INTEGER_free>>;

// Null: there is none, or it cannot be decoded.
template <typename Ptr>
Ptr Extension(const X509_CRL& crl, int nid) {
  using Pointer = decltype(Ptr().get());
  return Ptr(static_cast<Pointer>(X509_CRL_get_ext_d2i(&crl, nid, nullptr, nullptr)));
}

bool HasExtension(const X509_CRL& crl, int nid) {
  return X509_CRL_get_ext_by_NID(&crl, nid, -1) >= 0;
}

// The DER; empty: there is none.
std::string_view ExtensionBytes(const X509_CRL& crl, int nid) {
  const int index = X509_CRL_get_ext_by_NID(&crl, nid, -1);
  if (index < 0) {
    return {};
  }
  const ASN1_OCTET_STRING* data = X509_EXTENSION_get_data(X509_CRL_get_ext(&crl, index));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(data)),
          static_cast<std::size_t>(ASN1_STRING_length(data))};
}

absl::Status Refusal(const X509_CRL& crl, std::string_view why) {
  return absl::InvalidArgumentError(
      StrCat("CRL of ", NameText(X509_CRL_get_issuer(&crl)), ": ", why));
}

// OpenSSL uses no CRL with one.
bool HasUnknownCriticalExtension(X509_CRL& crl) {
  const auto any = [](const STACK_OF(X509_EXTENSION) * extensions, auto is_known) {
    for (int i = 0; i < sk_X509_EXTENSION_num(extensions); ++i) {
      X509_EXTENSION* extension = sk_X509_EXTENSION_value(extensions, i);
      if (X509_EXTENSION_get_critical(extension) == 1 &&
          !is_known(OBJ_obj2nid(X509_EXTENSION_get_object(extension)))) {
        return true;
      }
    }
    return false;
  };
  if (any(X509_CRL_get0_extensions(&crl), [](int nid) {
        return nid == NID_issuing_distribution_point || nid == NID_authority_key_identifier;
      })) {
    return true;
  }
  STACK_OF(X509_REVOKED)* revoked = X509_CRL_get_REVOKED(&crl);
  for (int i = 0; i < sk_X509_REVOKED_num(revoked); ++i) {
    if (any(X509_REVOKED_get0_extensions(sk_X509_REVOKED_value(revoked, i)),
            [](int) { return false; })) {
      return true;
    }
  }
  return false;
}

absl::Status CheckDates(const X509_CRL& crl) {
  const ASN1_TIME* issued = X509_CRL_get0_lastUpdate(&crl);
  const ASN1_TIME* expires = X509_CRL_get0_nextUpdate(&crl);
  // 0: it cannot be read.
  if (X509_cmp_current_time(issued) == 0 ||
      (expires != nullptr && X509_cmp_current_time(expires) == 0)) {
    return Refusal(crl, "its lastUpdate or nextUpdate cannot be read; have the CA issue a new one");
  }
  if (ToTime(issued) > SystemClock().WallNow() + kMaxClockSkew) {
    return Refusal(crl,
                   "it is not valid yet (lastUpdate is in the future); use one that is valid now, "
                   "or correct this machine's clock");
  }
  return absl::OkStatus();
}

absl::Status CheckScope(X509_CRL& crl) {
  if (HasExtension(crl, NID_delta_crl)) {
    return Refusal(crl, "it is a delta CRL, which is not supported; use the full CRL");
  }
  if (HasExtension(crl, NID_issuing_distribution_point)) {
    const auto point = Extension<IdpPtr>(crl, NID_issuing_distribution_point);
    if (point == nullptr) {
      return Refusal(crl,
                     "its issuingDistributionPoint cannot be read; have the CA issue a new one");
    }
    if (point->indirectCRL > 0) {
      return Refusal(crl, "it is an indirect CRL, which is not supported; use the CA's own CRL");
    }
    if (point->onlysomereasons != nullptr || point->onlyattr > 0 ||
        (point->onlyuser > 0 && point->onlyCA > 0)) {
      return Refusal(crl,
                     "it is for some reasons (onlySomeReasons) or attribute certificates only, "
                     "which is not supported; use the full CRL");
    }
  }
  if (HasUnknownCriticalExtension(crl)) {
    return Refusal(crl, "it has a critical extension that is not supported; use a CRL without one");
  }
  return absl::OkStatus();
}

// Returns a client CA with the key that signed `crl`; null: none has the issuer's name.
absl::StatusOr<const X509*> SignerOf(X509_CRL& crl, const std::vector<X509*>& authorities) {
  const auto key_id = Extension<AkidPtr>(crl, NID_authority_key_identifier);
  const X509* signer = nullptr;
  const X509* other = nullptr;  // a client CA of that name with another key
  // OpenSSL looks for the CRL of a certificate by the issuer's name and by this.
  bool is_taken_for_others = false;
  for (X509* authority : authorities) {
    if (X509_NAME_cmp(X509_get_subject_name(authority), X509_CRL_get_issuer(&crl)) != 0) {
      continue;
    }
    const bool fits = X509_check_akid(authority, key_id.get()) == X509_V_OK;
    if (X509_CRL_verify(&crl, X509_get0_pubkey(authority)) != 1) {
      other = authority;
      is_taken_for_others = is_taken_for_others || fits;
      continue;
    }
    signer = authority;
    if ((X509_get_key_usage(authority) & KU_CRL_SIGN) == 0) {
      return Refusal(crl,
                     "the keyUsage of the client CA lacks cRLSign, so that its CRLs are not valid; "
                     "list a certificate of the CA with cRLSign, or leave this CRL out");
    }
    if (!fits) {
      return Refusal(crl,
                     "its authorityKeyIdentifier does not name the certificate of the client CA; "
                     "have the CA issue a new CRL, or list the certificate that it names");
    }
  }
  ERR_clear_error();
  if (other != nullptr && signer == nullptr) {
    return Refusal(crl, "it is not signed by the client CA of that name; use the CRL of that CA");
  }
  if (is_taken_for_others) {
    return Refusal(crl,
                   "client CAs with different keys have this name, and neither this CRL nor the "
                   "CAs have key identifiers that tell them apart; have the CA issue a CRL with "
                   "an authorityKeyIdentifier");
  }
  return signer;
}

bool AreOfOneIssuer(const ClientCrl& a, const ClientCrl& b) {
  if (ExtensionBytes(*a.crl, NID_issuing_distribution_point) !=
      ExtensionBytes(*b.crl, NID_issuing_distribution_point)) {
    return false;
  }
  if (a.signer != nullptr && b.signer != nullptr) {
    return HaveSameKey(a.signer, b.signer);
  }
  return a.signer == b.signer &&
         X509_NAME_cmp(X509_CRL_get_issuer(a.crl.get()), X509_CRL_get_issuer(b.crl.get())) == 0 &&
         ExtensionBytes(*a.crl, NID_authority_key_identifier) ==
             ExtensionBytes(*b.crl, NID_authority_key_identifier);
}

bool IsNewer(const X509_CRL& a, const X509_CRL& b) {
  const auto a_number = Extension<IntegerPtr>(a, NID_crl_number);
  const auto b_number = Extension<IntegerPtr>(b, NID_crl_number);
  if (a_number != nullptr && b_number != nullptr) {
    if (const int order = ASN1_INTEGER_cmp(a_number.get(), b_number.get()); order != 0) {
      return order > 0;
    }
  }
  return ToTime(X509_CRL_get0_lastUpdate(&a)) > ToTime(X509_CRL_get0_lastUpdate(&b));
}

}  // namespace

absl::StatusOr<ClientCrls> ReadClientCrls(std::string_view pem,
                                          const std::vector<X509*>& authorities) {
  absl::StatusOr<std::vector<X509CrlPtr>> crls = ReadCrls("CRL", pem);
  if (!crls.ok()) {
    return crls.status();
  }
  ClientCrls result;
  for (X509CrlPtr& crl : *crls) {
    if (absl::Status dates = CheckDates(*crl); !dates.ok()) {
      return dates;
    }
    if (absl::Status scope = CheckScope(*crl); !scope.ok()) {
      return scope;
    }
    const absl::StatusOr<const X509*> signer = SignerOf(*crl, authorities);
    if (!signer.ok()) {
      return signer.status();
    }
    ClientCrl next{std::move(crl), *signer};
    const auto known =
        std::find_if(result.in_force.begin(), result.in_force.end(),
                     [&next](const ClientCrl& other) { return AreOfOneIssuer(next, other); });
    if (known == result.in_force.end()) {
      result.in_force.push_back(std::move(next));
      continue;
    }
    // The same one twice is no news.
    if (X509_CRL_match(known->crl.get(), next.crl.get()) != 0) {
      result.superseded.push_back(NameText(X509_CRL_get_issuer(next.crl.get())));
    }
    if (IsNewer(*next.crl, *known->crl)) {
      *known = std::move(next);
    }
  }
  return result;
}

}  // namespace credential_broker::h2
