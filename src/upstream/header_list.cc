#include "upstream/header_list.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "base/strings.h"

namespace credential_broker::upstream {

void HeaderList::Free::operator()(curl_slist* list) const { curl_slist_free_all(list); }

bool HeaderList::AppendAll(const HttpRequest& request) {
  // Else curl would ask for leave to send a large body, and repeat the request when it is refused.
  bool clean = Append("Expect:");
  for (const HttpHeader& header : request.headers) {
    clean = clean && Append(StrCat(header.name, ": ", header.value));
  }
  if (request.bearer_token != nullptr) {
    std::string line = StrCat("authorization: Bearer ", request.bearer_token->Reveal());
    clean = clean && Append(line);
    Wipe(line.data(), line.size());
  }
  return clean;
}

bool HeaderList::Append(const std::string& line) {
  const bool clean = std::none_of(line.begin(), line.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
  if (!clean) {
    return false;
  }
  curl_slist* longer = curl_slist_append(list_.get(), line.c_str());
  if (longer == nullptr) {
    std::abort();  // only for want of memory
  }
  static_cast<void>(list_.release());  // NOLINT(bugprone-unused-return-value): longer has it
  list_.reset(longer);
  return true;
}

}  // namespace credential_broker::upstream
