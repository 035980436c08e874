#include "upstream/curl_failure.h"

#include <curl/curl.h>

#include "absl/strings/ascii.h"
#include "base/strings.h"

namespace credential_broker::upstream {
namespace {

constexpr std::size_t kLongestCurlText = 200;

}  // namespace

std::string DescribeCurlFailure(int code, std::string_view curl_text) {
  std::string text(curl_text.empty() ? curl_easy_strerror(static_cast<CURLcode>(code))
                                     : curl_text.substr(0, kLongestCurlText));
  for (char& c : text) {
    c = absl::ascii_isprint(static_cast<unsigned char>(c)) ? c : '?';
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return StrCat("the host name is unknown (", text, "): check the URL and DNS");
    case CURLE_UNSUPPORTED_PROTOCOL:
      return StrCat("only https is spoken (", text, "): correct the URL");
    case CURLE_LOGIN_DENIED:
      return "the URL holds a user name: take it out";
    case CURLE_PEER_FAILED_VERIFICATION:
      return StrCat("the server's certificate is not accepted (", text,
                    "): check the host name, and ca_file if a private CA signed it");
    case CURLE_SSL_CACERT_BADFILE:
      return StrCat("ca_file cannot be used (", text, "): name a PEM file of CAs");
    case CURLE_SSL_CERTPROBLEM:
      return StrCat("the client certificate cannot be used (", text,
                    "): check cert_file and key_file");
    default:
      return text;
  }
}

}  // namespace credential_broker::upstream
