#ifndef CREDENTIAL_BROKER_UPSTREAM_CURL_FAILURE_H_
#define CREDENTIAL_BROKER_UPSTREAM_CURL_FAILURE_H_

#include <string>
#include <string_view>

namespace credential_broker::upstream {

// For people: what the failure `code` (a CURLcode) means and what to do about it. `curl_text` is
// curl's own word on it.
std::string DescribeCurlFailure(int code, std::string_view curl_text);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_CURL_FAILURE_H_
