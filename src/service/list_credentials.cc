#include "service/list_credentials.h"

#include <algorithm>
#include <string>

#include "absl/strings/escaping.h"

#include "base/strings.h"
#include "core/reason.h"
#include "service/access_token.h"

namespace credential_broker::service {
namespace {

constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;

// A page token is the last name of the page before it, so that the list may change between two
// pages.
constexpr std::string_view kTokenPrefix = "after:";

std::string PageTokenAfter(std::string_view name) {
  return absl::WebSafeBase64Escape(StrCat(kTokenPrefix, name));
}

absl::StatusOr<std::string> NameBefore(const std::string& page_token) {
  std::string text;
  if (!absl::WebSafeBase64Unescape(page_token, &text) || !text.starts_with(kTokenPrefix)) {
    return MakeError(Reason::kInvalidRequest,
                     "page_token is not one that ListCredentials gave; start without one");
  }
  return text.substr(kTokenPrefix.size());
}

}  // namespace

absl::StatusOr<api::ListCredentialsResponse> ListCredentials(
    const CredentialSet& credentials, std::string_view principal,
    const api::ListCredentialsRequest& request) {
  if (request.page_size() < 0) {
    return MakeError(Reason::kInvalidRequest,
                     StrCat("page_size is ", request.page_size(), "; it must be 0 to 1000"));
  }
  const int page_size =
      request.page_size() == 0 ? kDefaultPageSize : std::min(request.page_size(), kMaxPageSize);

  const auto& all = credentials.all();
  auto next = all.begin();
  if (!request.page_token().empty()) {
    absl::StatusOr<std::string> last = NameBefore(request.page_token());
    if (!last.ok()) {
      return last.status();
    }
    next = all.upper_bound(*last);
  }

  api::ListCredentialsResponse response;
  for (; next != all.end(); ++next) {
    const auto& [name, credential] = *next;
    if (!credentials.policy().Allows(principal, name)) {
      continue;
    }
    if (response.credentials_size() == page_size) {
      response.set_next_page_token(PageTokenAfter(response.credentials(page_size - 1).name()));
      break;
    }
    *response.add_credentials() = ToProto(credential->Status());
  }
  return response;
}

}  // namespace credential_broker::service
